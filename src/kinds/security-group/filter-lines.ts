import { createHash } from "node:crypto";
import type { FilterDocument, FilterReference, TrafficRule } from "../terms/filter-document.ts";

/** What a filter contains, a line for each rule and reference, sorted: two filters with the same lines do the same. */
export function filterLines({ chain, refers, rules }: FilterDocument): string[] {
  return [...(chain === "root" ? [] : [`chain ${chain}`]), ...refers.map(referenceLine), ...rules.map(ruleLine)].sort();
}

/** Digest of the lines, which the filter itself records: so that a change by hand is known from one of the configuration. */
export function linesDigest(lines: readonly string[]): string {
  return createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 16);
}

function referenceLine({ filter, parameters }: FilterReference): string {
  return ["use", filter, ...parameters.map(([name, value]) => `${name}=${value}`).sort()].join(" ");
}

function ruleLine({ action, direction, priority, tracked, element, attributes }: TrafficRule): string {
  const match = Object.entries(attributes).map(([key, value]) => `${key}=${value}`);
  return [action, direction, priority, ...(tracked ? [] : ["untracked"]), element, ...match.sort()].join(" ");
}
