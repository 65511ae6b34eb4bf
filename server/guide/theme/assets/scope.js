// What Material's bundle expects: where the guide is, and a store, of which this guide keeps nothing.
window.__md_scope = new URL(document.currentScript.dataset.base, location);
window.__md_get = () => null;
window.__md_set = () => undefined;
