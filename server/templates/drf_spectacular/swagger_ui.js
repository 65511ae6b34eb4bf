const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// What would keep somebody with a keyboard or a screen reader from Swagger UI, said differently.
const accessible = ({ React: { createElement, Fragment } }) => ({
  components: {
    DeepLink: ({ text }) => createElement("span", null, text), // it stands in a button, which leads there itself
    ServersContainer: () => null, // there is one, this one, and its choice has no name
  },
  wrapComponents: {
    OAS31License: () => ({ specSelectors }) => createElement("div", null, specSelectors.selectLicenseNameField()), // SPDX has no page of it
    operations: (Operations) => (props) =>
      createElement(Fragment, null, createElement("h2", { className: "operations-title" }, "Operations"), createElement(Operations, props)),
  },
});
const ATTRIBUTES = [
  [".information-container", "role", () => "banner"],
  [".scheme-container", "role", () => "region"],
  [".scheme-container", "aria-label", () => "Authorization"],
  ["table[role=region]", "aria-label", (table) => `Responses: ${table.id || table.className}`],
  ["[data-param-name] select", "aria-label", (select) => select.closest("[data-param-name]").dataset.paramName],
  [".examples-select-element", "aria-label", () => "Example"],
  [".body-param__text", "aria-label", () => "Request body"],
  [".microlight", "tabindex", () => "0"], // it scrolls
  [".modal-ux-header h3", "aria-level", () => "2"],
  [".auth-container h4", "aria-level", () => "3"],
  [".auth-container h6", "aria-level", () => "4"],
  [".close-modal", "aria-label", () => "Close"],
  [".auth-btn-wrapper [aria-label]", "aria-label", (button) => button.textContent],
];
const complete = () => {
  for (const [selector, name, valueOf] of ATTRIBUTES) {
    for (const element of document.querySelectorAll(selector)) element.setAttribute(name, valueOf(element));
  }
};
new MutationObserver(complete).observe(document.getElementById("swagger-ui"), { childList: true, subtree: true });

SwaggerUIBundle({ url: "{{ schema_url|escapejs }}", dom_id: "#swagger-ui", plugins: [accessible], ...{{ settings|safe }} });
