/** The switch: through which API the page goes. */

import { chooseApi, APIS, useApi } from "./service";

export function ApiSwitch() {
  const inUse = useApi();
  return (
    <fieldset className="switch">
      <legend className="unseen">API</legend>
      {Object.values(APIS).map(({ name }) => (
        <label key={name}>
          <input type="radio" name="api" checked={name === inUse.name} onChange={() => chooseApi(name)} />
          <span>{name}</span>
        </label>
      ))}
    </fieldset>
  );
}
