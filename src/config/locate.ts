import { isAlias, isMap, isScalar, isSeq, type Pair, type Scalar, type YAMLMap } from "yaml";
import type { Diagnostic } from "../model/diagnostic.ts";
import { type Entry, type Located, placeOf, type SourceText, type Span, scalarNode, withEntries } from "./located.ts";

/** Most values that a file may have once its aliases are written out. */
export const heaviest = 500_000;

/** A mapping whose entries arrive one piece of the text after another. */
export interface MapBuilder {
  /** Adds the entries of a parsed mapping that begins at `base` in the text. */
  addAll(map: YAMLMap, base: number): void;
  /** Adds one entry. `key` is a node of the parser, from a piece that begins at `base`. */
  add(key: unknown, base: number, value: (otherwise: Span) => Located): void;
  finish(): Located;
}

/** Turns the parser's nodes into located values: aliases followed, merge keys (`<<`) merged, keys checked. */
export interface Locator {
  /** The value of a whole document. */
  locate(contents: unknown): Located;
  map(): MapBuilder;
  readonly diagnostics: Diagnostic[];
  /** Whether the document must not be used at all, as it is too large or an alias leads nowhere. */
  isUnusable(): boolean;
}

/** A locator for one file. Values deeper than `deepest` levels are an error. */
export function createLocator(source: SourceText, deepest: number): Locator {
  const diagnostics: Diagnostic[] = [];
  /** The value that an anchor names last; `open` while that value is still being read. */
  const anchors = new Map<string, Located | "open">();
  let unusable = false;
  /** Where the parsed piece begins in the text. */
  let base = 0;

  const fail = (span: Span, code: string, summary: string, detail: string) => {
    diagnostics.push({ severity: "error", code, summary, detail, at: placeOf(span) });
  };
  const spanOf = (node: unknown, otherwise: Span): Span => {
    const range = (node as { range?: readonly number[] } | null)?.range;
    return range?.[0] === undefined ? otherwise : { source, start: base + range[0], end: base + (range[1] ?? range[0]) };
  };
  const scalar = scalarNode;

  const collection = (kind: "map" | "list", span: Span, entries: ReadonlyMap<string | number, Entry>): Located => {
    const node = withEntries({ ...scalar(undefined, span), kind }, entries);
    const { weight, depth } = node;
    if (!unusable && (weight > heaviest || depth > deepest)) {
      unusable = true;
      const written = "Aliases (*name) count with their whole value.";
      if (weight > heaviest) fail(span, "yaml-too-large", "Too many values", `This has more than ${heaviest} values. ${written}`);
      else fail(span, "yaml-too-deep", "YAML nested too deeply", `This has more than ${deepest} levels. ${written}`);
    }
    return node;
  };

  const convert = (node: unknown, otherwise: Span): Located => {
    const span = spanOf(node, otherwise);
    if (unusable) return scalar(null, span);
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target !== undefined && target !== "open") return target;
      // Neither its name nor its text is shown: it may be a password that starts with *.
      const written = "Text that starts with * is an alias. Put it in quotes if it is meant literally.";
      const [code, summary, detail] =
        target === "open"
          ? ["anchor-cycle", "Anchor contains itself", "The alias is inside the value of its anchor, which would never end."]
          : ["unknown-anchor", "Alias without an anchor", `No anchor of that name precedes it. ${written}`];
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
    const builder = buildMap(span);
    for (const pair of map.items as Pair[]) builder.add(pair.key, (otherwise) => convert(pair.value, otherwise));
    return builder.finish(span);
  };

  const buildMap = (span: Span) => {
    const own = new Map<string, Entry>();
    const merged = new Map<string | number, Entry>();
    let failed = false;
    return {
      add(key: unknown, value: (otherwise: Span) => Located) {
        const keySpan = spanOf(key, span);
        const node = value({ source, start: keySpan.end, end: keySpan.end });
        const name = isScalar(key) ? (key as Scalar).value : undefined;
        if (name === "<<") {
          for (const [inherited, entry] of mergedEntries(node, keySpan)) if (!merged.has(inherited)) merged.set(inherited, entry);
        } else if (typeof name !== "string") {
          const quoted = isScalar(key)
            ? ` Put it in quotes: "${String((key as Scalar).source ?? name)}".`
            : isMap(key)
              ? ' Text between {{ and }} is not evaluated: write an expression in quotes, "${var.NAME}".'
              : "";
          failed ||= !isScalar(key);
          fail(keySpan, "key-not-text", "The key is not text", `Keys must be text.${quoted}`);
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
              `It is already in line ${lineOf(before)}. Remove one of them.`,
            );
        }
      },
      finish(whole: Span): Located {
        for (const [key, entry] of merged) if (typeof key === "string" && !own.has(key)) own.set(key, entry);
        const node = collection("map", whole, own);
        return failed ? { ...node, failed } : node;
      },
    };
  };

  const mergedEntries = (node: Located, span: Span): Iterable<[string | number, Entry]> => {
    if (node.kind === "map") return node.entries;
    const maps = [...node.entries.values()].map((entry) => entry.node);
    if (node.kind === "list" && maps.every((map) => map.kind === "map")) return maps.flatMap((map) => [...map.entries]);
    if (!unusable)
      fail(span, "bad-merge", "Only mappings can be merged", "The value of << must be an alias of a mapping, or a list of such aliases.");
    return [];
  };

  return {
    diagnostics,
    isUnusable: () => unusable,
    locate: (contents) => convert(contents, { source, start: 0, end: 0 }),
    map() {
      let span: Span | undefined;
      const builder = buildMap({ source, start: 0, end: 0 });
      return {
        addAll(map, offset) {
          base = offset;
          const piece = spanOf(map, { source, start: offset, end: offset });
          span = span === undefined ? piece : { ...span, end: piece.end };
          for (const pair of map.items as Pair[]) builder.add(pair.key, (otherwise) => convert(pair.value, otherwise));
        },
        add(key, offset, value) {
          base = offset;
          const keySpan = spanOf(key, { source, start: offset, end: offset });
          builder.add(key, (otherwise) => {
            const node = value(otherwise);
            span = { ...(span ?? keySpan), end: node.span.end };
            return node;
          });
        },
        finish: () => builder.finish(span ?? { source, start: 0, end: 0 }),
      };
    },
  };
}

function lineOf(entry: Entry): number {
  const span = entry.key ?? entry.node.span;
  return span.source.lines.linePos(span.start).line;
}
