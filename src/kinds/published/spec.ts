/** What an image in Glance should be like. */
export interface PublishedSpec {
  /** The name of the image in the configuration. */
  readonly image: string;
  /** The cache entry whose file is uploaded. */
  readonly entry: string;
  /** The id of the image here: another one means other content, which is published beside the earlier one. */
  readonly content: string;
  readonly diskFormat: string;
  readonly containerFormat: string;
  readonly fields: PublishedFields;
}

/** What is compared and updated. */
export interface PublishedFields {
  readonly name: string;
  readonly visibility: string;
  readonly protected: boolean;
  /** GiB and MiB, as Glance counts. */
  readonly min_disk: number;
  readonly min_ram: number;
  /** Sorted. */
  readonly tags: readonly string[];
  readonly members: readonly string[];
  /** By name, sorted. */
  readonly properties: Readonly<Record<string, string>>;
}

/** An image in Glance that this project published. */
export interface PublishedState {
  readonly id: string;
  readonly status: string;
  readonly size: number | null;
  /** `sha512:HEX` that Glance computed, and the one of what was uploaded; null where it is not known. */
  readonly digest: string | null;
  readonly uploaded: string | null;
  readonly fields: PublishedFields;
  /** Names of the properties that the last apply set. */
  readonly owned: readonly string[];
  /** `fieldsDigest` of what the last apply set; null where that did not end. */
  readonly applied: string | null;
}
