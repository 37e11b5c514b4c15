import { isAlias, isMap, isScalar, isSeq, type Pair, type Scalar, type YAMLMap } from "yaml";
import type { Diagnostic } from "../model/diagnostic.ts";
import { type Entry, type Located, placeOf, type SourceText, type Span } from "./located.ts";

const heaviest = 500_000;
const none: ReadonlyMap<string | number, Entry> = new Map();

/** Turns the parser's nodes into located values: aliases followed, merge keys (`<<`) merged, keys checked. */
export function locate(contents: unknown, source: SourceText, deepest: number): { root?: Located; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  /** The value that an anchor names last; `open` while that value is still being read. */
  const anchors = new Map<string, Located | "open">();
  let unusable = false;

  const fail = (span: Span, code: string, summary: string, detail: string) => {
    diagnostics.push({ severity: "error", code, summary, detail, at: placeOf(span) });
  };
  const spanOf = (node: unknown, otherwise: Span): Span => {
    const range = (node as { range?: readonly number[] } | null)?.range;
    return range?.[0] === undefined ? otherwise : { source, start: range[0], end: range[1] ?? range[0] };
  };
  const scalar = (value: unknown, span: Span): Located => ({ kind: "scalar", scalar: value, span, entries: none, weight: 1, depth: 1 });

  const collection = (kind: "map" | "list", span: Span, entries: ReadonlyMap<string | number, Entry>): Located => {
    let weight = 1;
    let depth = 0;
    for (const { node } of entries.values()) {
      weight += node.weight;
      depth = Math.max(depth, node.depth);
    }
    if (!unusable && (weight > heaviest || depth >= deepest)) {
      unusable = true;
      const written = "Aliases (*name) count as if they were written out.";
      if (weight > heaviest) fail(span, "yaml-too-large", "Too many values", `More than ${heaviest} values stand here. ${written}`);
      else fail(span, "yaml-too-deep", "YAML nested too deeply", `More than ${deepest} levels stand here. ${written}`);
    }
    return { kind, span, entries, weight, depth: depth + 1 };
  };

  const convert = (node: unknown, otherwise: Span): Located => {
    const span = spanOf(node, otherwise);
    if (unusable) return scalar(null, span);
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target !== undefined && target !== "open") return target;
      // Neither its name nor its text is shown: it may be a password that begins with a star.
      const written = "Text that starts with * is an alias. Put it in quotes if it is meant literally.";
      const [code, summary, detail] =
        target === "open"
          ? ["anchor-cycle", "An anchor that contains itself", "The alias stands inside what its anchor names, so it would never end."]
          : ["unknown-anchor", "An alias without its anchor", `Nothing above it has an anchor of that name. ${written}`];
      diagnostics.push({ severity: "error", code, summary, detail, at: placeOf(span, true) });
      unusable = true;
      return scalar(null, span);
    }
    const anchor = (node as { anchor?: string } | null)?.anchor;
    if (anchor !== undefined) anchors.set(anchor, "open");
    const located = isMap(node)
      ? convertMap(node, span)
      : isSeq(node)
        ? convertList(node.items, span)
        : scalar(isScalar(node) ? node.value : null, span);
    if (anchor !== undefined) anchors.set(anchor, located);
    return located;
  };

  const convertList = (items: readonly unknown[], span: Span): Located => {
    return collection("list", span, new Map(items.map((item, index) => [index, { node: convert(item, span) }])));
  };

  const convertMap = (map: YAMLMap, span: Span): Located => {
    const own = new Map<string, Entry>();
    const merged = new Map<string | number, Entry>();
    for (const pair of map.items as Pair[]) {
      const keySpan = spanOf(pair.key, span);
      const node = convert(pair.value, { source, start: keySpan.end, end: keySpan.end });
      const name = isScalar(pair.key) ? (pair.key as Scalar).value : undefined;
      if (name === "<<") {
        for (const [key, entry] of mergedEntries(node, keySpan)) if (!merged.has(key)) merged.set(key, entry);
      } else if (typeof name !== "string") {
        const quoted = isScalar(pair.key) ? ` Put it in quotes: "${String((pair.key as Scalar).source ?? name)}".` : "";
        fail(keySpan, "key-not-text", "A key that is not text", `Keys are words.${quoted}`);
      } else if (name === "__proto__") {
        fail(keySpan, "key-not-allowed", 'The key "__proto__" cannot be used', "Choose another name.");
      } else {
        const before = own.get(name);
        if (before === undefined) own.set(name, { key: keySpan, node });
        else
          fail(
            keySpan,
            "duplicate-key",
            `The key ${JSON.stringify(name)} is written twice`,
            `It stands in line ${lineOf(before)} already. Remove one of the two.`,
          );
      }
    }
    for (const [key, entry] of merged) if (typeof key === "string" && !own.has(key)) own.set(key, entry);
    return collection("map", span, own);
  };

  const mergedEntries = (node: Located, span: Span): Iterable<[string | number, Entry]> => {
    if (node.kind === "map") return node.entries;
    const maps = [...node.entries.values()].map((entry) => entry.node);
    if (node.kind === "list" && maps.every((map) => map.kind === "map")) return maps.flatMap((map) => [...map.entries]);
    if (!unusable)
      fail(span, "bad-merge", "Only mappings can be merged", "Behind << stands an alias of a mapping, or a list of such aliases.");
    return [];
  };

  const root = convert(contents, { source, start: 0, end: 0 });
  return unusable ? { diagnostics } : { root, diagnostics };
}

function lineOf(entry: Entry): number {
  const span = entry.key ?? entry.node.span;
  return span.source.lines.linePos(span.start).line;
}
