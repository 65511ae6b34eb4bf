/** On a developer's machine mail is kept on a page of the service, which the page's own HTML names: a link to it. */

export function KeptMail() {
  const { mail } = document.documentElement.dataset;
  return mail ? <p className="aside">In development, mail is sent to nobody: <a href={mail} target="_blank">read it here</a>.</p> : null;
}
