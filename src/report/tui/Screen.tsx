import { useInput } from "ink";
import type { Line } from "../style.ts";
import { type Key, toKeys } from "./keys.ts";
import { Lines } from "./Lines.tsx";

/** A view that fills the terminal and hands every key to its owner. */
export function Screen({ lines, onKey }: { readonly lines: readonly Line[]; readonly onKey: (key: Key) => void }) {
  useInput((input, key) => {
    for (const pressed of toKeys(input, key)) onKey(pressed);
  });
  return <Lines lines={lines} />;
}
