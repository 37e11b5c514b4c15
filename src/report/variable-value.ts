import type { UsedVariable } from "../model/used-variable.ts";

const longest = 100;

/** The value of a variable for people, as far as it is worth reading in a list. That of a secret is not shown. */
export function variableValue({ value, sensitive }: UsedVariable): string {
  const text = sensitive ? "(sensitive)" : JSON.stringify(value);
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}
