/** Somebody else changed the profile meanwhile: both versions field by field, and the choice. */

import { type FormEvent, useState } from "react";
import type { Field, Profile } from "../apis/api";
import { Trouble } from "./controls";
import { FIELDS, shownValue } from "./fields";
import { PartHeading } from "./Heading";
import { type Difference, differences, type Draft } from "./merging";
import { Time } from "./Time";

interface Props {
  /** What the form began with. */
  before: Profile;
  theirs: Profile;
  draft: Draft;
  error: unknown;
  isBusy: boolean;
  onSave: (merged: Draft) => void;
  onEdit: (merged: Draft) => void;
  onCancel: () => void;
}

export function Merge({ before, theirs, draft, error, isBusy, onSave, onEdit, onCancel }: Props) {
  const rows = differences(before, theirs, draft);
  const [dropped, setDropped] = useState<ReadonlySet<Field>>(new Set());
  const mine = rows.filter(({ name, mine }) => mine !== before[name]);
  const merged: Draft = Object.fromEntries(mine.filter(({ name }) => !dropped.has(name)).map(({ name, mine }) => [name, mine]));

  function choose(name: Field, isMine: boolean) {
    const others = [...dropped].filter((each) => each !== name);
    setDropped(new Set(isMine ? others : [...others, name]));
  }

  function save(event: FormEvent) {
    event.preventDefault();
    onSave(merged);
  }

  return (
    <form className="card merge" onSubmit={save} aria-label="Merge">
      <PartHeading title="It has changed meanwhile" />
      <p>
        While you were writing, version {theirs.version} was saved, at <Time at={theirs.updatedAt} />. Nothing of yours is
        written yet, and nothing is lost: choose what stands.
      </p>
      <Trouble error={error} />
      {rows.map((row) => (
        <Choice key={row.name} row={row} isMine={!dropped.has(row.name)} onChoose={(isMine) => choose(row.name, isMine)} />
      ))}
      <div className="actions">
        <button disabled={isBusy}>Save the merge</button>
        <button type="button" className="plain" onClick={() => onEdit(merged)}>Edit further</button>
        <button type="button" className="plain" onClick={onCancel}>Drop mine</button>
      </div>
    </form>
  );
}

interface ChoiceProps {
  row: Difference;
  isMine: boolean;
  onChoose: (isMine: boolean) => void;
}

function Choice({ row: { name, before, theirs, mine, isContested }, isMine, onChoose }: ChoiceProps) {
  if (mine === before) {
    return (
      <div className="choice">
        <h3>{FIELDS[name].label} <span className="tag">they changed it</span></h3>
        <p className="value">{shownValue(name, theirs)}</p>
      </div>
    );
  }
  return (
    <fieldset className="choice">
      <legend>
        {FIELDS[name].label} <span className="tag" data-contested={isContested}>{isContested ? "you both changed it" : "you changed it"}</span>
      </legend>
      <label>
        <input type="radio" name={name} checked={isMine} onChange={() => onChoose(true)} />
        <span className="who">Yours</span>
        <span className="value">{shownValue(name, mine)}</span>
      </label>
      <label>
        <input type="radio" name={name} checked={!isMine} onChange={() => onChoose(false)} />
        <span className="who">{isContested ? "Theirs" : "As it was"}</span>
        <span className="value">{shownValue(name, theirs)}</span>
      </label>
    </fieldset>
  );
}
