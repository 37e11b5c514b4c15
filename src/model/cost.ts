/** Ways in which an action moves bytes. Each has a speed of its own. */
export const movements = ["download", "copy", "convert", "overwrite"] as const;

/**
 * `download`: from another machine. `copy`: from one place of the host to another. `convert`: read in one format and written in another, or
 * encrypted. `overwrite`: written over what is removed.
 */
export type Movement = (typeof movements)[number];

/** What an action costs, as far as it is known before. Sizes are bytes; null stands for one that is not known. */
export interface Cost {
  /** Holes of a file are not moved, so they do not count. */
  readonly moves?: Readonly<Partial<Record<Movement, number | null>>>;
  /** What the storage has less afterwards: `thin` at once, `full` when the guest has written to all of it. */
  readonly takes?: Taken;
  /** Usual seconds beside those for moving bytes, used until the host was measured. */
  readonly seconds?: number;
}

/** Space of a storage in bytes; null where it is not known. */
export interface Taken {
  readonly thin: number | null;
  readonly full: number | null;
}

/** Bytes that an action moves in these ways, as far as they are known. */
export function movedBytes({ cost }: { readonly cost?: Cost }, ways: readonly Movement[]): number {
  return ways.reduce((sum, way) => sum + (cost?.moves?.[way] ?? 0), 0);
}
