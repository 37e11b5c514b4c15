import type { Key } from "./keys.ts";

/** Longer than any address. */
const longestFilter = 120;

/**
 * What a key does to the text of a filter; undefined for a key that does not edit it. `typing`: further keys edit it too. `filter` is absent
 * where the text stays as it is. Pure.
 */
export function editFilter(filter: string, key: Key): { readonly filter?: string; readonly typing: boolean } | undefined {
  switch (key.name) {
    case "text":
      return { filter: (filter + key.text).slice(0, longestFilter), typing: true };
    case "backspace":
      return filter === "" ? { typing: false } : { filter: filter.slice(0, -1), typing: true };
    case "escape":
      return { filter: "", typing: false };
    case "enter":
      return { typing: false };
    default:
      return undefined;
  }
}
