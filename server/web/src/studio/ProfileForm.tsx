/** The form of a profile: a control for each field that the caller may write. */

import { useEffect, useRef } from "react";
import type { Editable, Field, Profile } from "../apis/api";
import { Form, Labelled, Trouble } from "./controls";
import { FIELD_NAMES, FIELDS, CHOICES } from "./fields";
import type { Draft } from "./merging";

interface Props {
  profile: Profile;
  /** What is entered so far, of the fields that were touched. */
  draft: Draft;
  onDraft: (draft: Draft) => void;
  error: unknown;
  isBusy: boolean;
  onSave: () => void;
  onCancel: () => void;
}

export function ProfileForm({ profile, draft, onDraft, error, isBusy, onSave, onCancel }: Props) {
  const names = FIELD_NAMES.filter((name) => profile.editableFields.includes(name));
  const top = useRef<HTMLDivElement>(null);
  useEffect(() => top.current?.querySelector<HTMLElement>("input, textarea, select")?.focus(), []);
  return (
    <Form error={error} onSubmit={onSave} className="card" aria-label="Profile">
      <Trouble error={error} fields={names} />
      <div className="fields" ref={top}>
        {names.map((name) => (
          <Control
            key={name}
            name={name}
            value={draft[name] ?? profile[name] ?? ""}
            error={error}
            onChange={(value) => onDraft({ ...draft, [name]: value })}
          />
        ))}
      </div>
      <div className="actions">
        <button disabled={isBusy}>Save</button>
        <button type="button" className="plain" onClick={onCancel}>Cancel</button>
      </div>
    </Form>
  );
}

interface ControlProps {
  name: Field;
  value: Editable[Field];
  error: unknown;
  onChange: (value: Editable[Field]) => void;
}

function Control({ name, value, error, onChange }: ControlProps) {
  const { label, kind, hint, autoComplete } = FIELDS[name];
  const text = { name, value: String(value), autoComplete, onChange: (event: { target: { value: string } }) => onChange(event.target.value) };
  return (
    <Labelled label={label} name={name} error={error} hint={hint} isWide={kind === "lines"} isFlag={kind === "flag"}>
      {(wiring) => {
        if (kind === "flag") {
          return <input {...wiring} name={name} type="checkbox" checked={value === true} onChange={(event) => onChange(event.target.checked)} />;
        }
        if (kind === "visibility" || kind === "language") {
          return <select {...wiring} {...text}><Choices of={CHOICES[kind]} /></select>;
        }
        if (kind === "lines") return <textarea {...wiring} {...text} rows={5} />;
        if (kind === "time zone") return <><input {...wiring} {...text} list="time-zones" /><TimeZones /></>;
        return <input {...wiring} {...text} type={kind} />;
      }}
    </Labelled>
  );
}

function Choices({ of }: { of: Record<string, string> }) {
  return Object.entries(of).map(([value, label]) => <option key={value} value={value}>{label}</option>);
}

function TimeZones() {
  return <datalist id="time-zones">{Intl.supportedValuesOf("timeZone").map((name) => <option key={name} value={name} />)}</datalist>;
}
