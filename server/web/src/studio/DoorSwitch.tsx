/** The switch: through which door the page goes. */

import { chooseDoor, DOORS, useDoor } from "./service";

export function DoorSwitch() {
  const inUse = useDoor();
  return (
    <fieldset className="switch">
      <legend className="unseen">API</legend>
      {Object.values(DOORS).map(({ name }) => (
        <label key={name}>
          <input type="radio" name="door" checked={name === inUse.name} onChange={() => chooseDoor(name)} />
          <span>{name}</span>
        </label>
      ))}
    </fieldset>
  );
}
