/** What the page's own HTML says of mail: whether the service sends any, and where a developer reads it. */

const { sendsMail, mail } = document.documentElement.dataset;

export const SENDS_MAIL = sendsMail === "yes";

/** On a developer's machine, a link to the mail, which is sent to nobody. */
export function KeptMail() {
  return mail ? <p className="aside">In development, mail is sent to nobody: <a href={mail} target="_blank">read it here</a>.</p> : null;
}
