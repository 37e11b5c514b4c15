import type { BaseRef, BlankContent, DiskSpec } from "../../src/drivers/driver.ts";

/** What a test says about a disk; the rest is filled in. */
export interface DiskParts extends Partial<Omit<DiskSpec, "owner" | "content" | "uuid" | "path" | "backend">> {
  readonly uuid: string;
  readonly path: string;
  readonly backend: string;
  /** Name of the instance; `web` where it does not matter. */
  readonly instance?: string;
  /** Either of them is the content. */
  readonly base?: Omit<BaseRef, "cloneFrom"> & Partial<BaseRef>;
  readonly content?: Omit<BlankContent, "usual" | "name"> & Partial<BlankContent>;
}

/** A complete disk of an instance, `disk` unless its name is given. */
export function diskSpec({ instance = "web", base, content, ...parts }: DiskParts): DiskSpec {
  const blank = content === undefined ? null : { usual: false, name: null, ...content };
  return {
    name: "disk",
    role: "root",
    place: null,
    size: null,
    preallocate: "none",
    encryption: null,
    ...parts,
    owner: {
      address: `domain/${instance}`,
      directory: parts.path.slice(0, parts.path.lastIndexOf("/")),
      label: instance,
      protects: false,
    },
    content: base === undefined ? { kind: "blank", blank } : { kind: "base", base: { cloneFrom: [], ...base } },
  };
}
