/** What the OpenAPI document says, in this page's spelling. */

import type { components } from "./openapi-types";

export type { paths } from "./openapi-types";

export type Schemas = components["schemas"];

type Camel<Name> = Name extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Name;

type Snake<Name> = Name extends `${infer Letter}${infer Rest}`
  ? `${Letter extends Lowercase<Letter> ? Letter : `_${Lowercase<Letter>}`}${Snake<Rest>}`
  : "";

/** A type with its names in camelCase, as GraphQL has them. */
export type Camelized<Type> = { [Name in keyof Type as Camel<Name> & string]: Type[Name] };

/** A type with its names in snake_case, as REST has them. */
export type Snaked<Type> = { [Name in keyof Type as Snake<Name> & string]: Type[Name] };

export function camelized<Type extends object>(value: Type): Camelized<Type> {
  return renamed(value, camel) as Camelized<Type>;
}

export function snaked<Type extends object>(value: Type): Snaked<Type> {
  return renamed(value, snake) as Snaked<Type>;
}

export function camel(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function renamed(value: object, rename: (name: string) => string): object {
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [rename(name), each]));
}
