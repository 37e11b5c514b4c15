import type { DigestAlgorithm } from "./host.ts";

/** What an image service says about an image. Sizes are bytes. */
export interface SourceImage {
  readonly id: string;
  readonly name: string | null;
  /** `active`, `queued`, … */
  readonly status: string;
  /** As Glance names it; null where Glance has none. */
  readonly diskFormat: string | null;
  /** What the disk is packed in, as Glance names it: `bare`, `ova`, `compressed`, … */
  readonly containerFormat: string | null;
  readonly size: number | null;
  readonly virtualSize: number | null;
  readonly minDisk: number;
  readonly minRam: number;
  /** The project that it belongs to. */
  readonly owner: string | null;
  readonly visibility: string;
  readonly protected: boolean;
  readonly digest: { readonly algorithm: DigestAlgorithm; readonly hex: string } | null;
  /** Where its bytes are stored, as far as the service tells. */
  readonly locations: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
}
