// Wide tables scroll sideways, by the keyboard too. Material wraps them when it starts.
const reach = () => document.querySelectorAll(".md-typeset__scrollwrap").forEach((each) => (each.tabIndex = 0));
new MutationObserver(reach).observe(document.querySelector("article"), { childList: true, subtree: true });
reach();
