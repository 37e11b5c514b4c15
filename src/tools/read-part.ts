/** Reads a part of a disk image; fewer bytes, or undefined, where it has no more. */
export type ReadPart = (range: { readonly offset: number; readonly length: number }) => Promise<Buffer | undefined>;
