import type { Json } from "../../model/json.ts";
import type { PublishedFields, PublishedState } from "./spec.ts";

/** One field of an image in Glance that differs. A value is undefined where there is no such property. */
export interface PublishedDifference {
  /** `name`, `tags`, `properties.build`. */
  readonly path: string;
  readonly have: Json | undefined;
  readonly want: Json | undefined;
}

/** The fields of an image in Glance that differ from what is wanted. Properties that virtform did not set are left alone. Pure. */
export function differenceOf(
  want: PublishedFields,
  { fields: have, owned }: Pick<PublishedState, "fields" | "owned">,
): PublishedDifference[] {
  const { properties: wanted, ...plain } = want;
  const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
  const found = Object.entries(plain).flatMap(([path, value]): PublishedDifference[] => {
    const current = have[path as keyof typeof plain];
    return differs(value, current) ? [{ path, have: current, want: value as Json }] : [];
  });
  const names = [...new Set([...Object.keys(wanted), ...owned])].sort();
  const properties = names.flatMap((name): PublishedDifference[] => {
    const [current, value] = [have.properties[name], wanted[name]];
    return current === value ? [] : [{ path: `properties.${name}`, have: current, want: value }];
  });
  return [...found, ...properties];
}
