/** What GraphiQL's markup and colours lack for whoever does not see them well, mended as they are built. */

import type { Plugin } from "vite";

interface Mend {
  /** The end of the file's path. */
  file: string;
  from: string;
  to: string;
}

const MENDS: Mend[] = [
  // Tabs that hold buttons, to choose and to close, are no tabs to a screen reader (ARIA, "Children Presentational").
  { file: "@graphiql/react/dist/components/tabs/index.js", from: 'role: "tablist"', to: 'role: "list"' },
  { file: "@graphiql/react/dist/components/tabs/index.js", from: 'role: "tab"', to: 'role: "listitem"' },
  { file: "@graphiql/react/dist/components/tabs/index.js", from: '"aria-selected": isActive', to: '"aria-current": isActive' },
  // A button is named by its text (WCAG 2.5.3), a choice by a label (WCAG 4.1.2).
  { file: "@graphiql/plugin-history/dist/components.js", from: '"aria-label": "Set active", ', to: "" },
  {
    file: "graphiql-explorer/dist/Explorer.js",
    from: "value: this.state.newOperationType,",
    to: "value: this.state.newOperationType, 'aria-label': 'Kind of the new operation',",
  },
  // A contrast of 4.5 (WCAG 1.4.3) for line numbers in the dark and numbers in the light.
  {
    file: "@graphiql/react/dist/constants.js",
    from: '"editor.background": colors.transparent,',
    to: '"editor.background": colors.transparent, ...(theme === "dark" && { "editorLineNumber.foreground": "#9aa4b6" }),',
  },
  {
    file: "@graphiql/react/dist/constants.js",
    from: 'foreground: "#6c69ce"',
    to: 'foreground: "#5f5bc8" }, { token: "number", foreground: "#07694a"',
  },
];

/** Applies the mends. The build ends where one finds no place: a new version may not need it. */
export function mends(): Plugin {
  const open = new Set(MENDS);
  return {
    name: "mends",
    transform(code, id) {
      const due = MENDS.filter(({ file, from }) => id.endsWith(file) && code.includes(from));
      for (const mend of due) open.delete(mend);
      return due.length ? due.reduce((text, { from, to }) => text.replace(from, to), code) : null;
    },
    buildEnd(error) {
      for (const { file, from } of error ? [] : open) this.error(`There is no ${from} in ${file}: see mends.ts.`);
    },
  };
}
