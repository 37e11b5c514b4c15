/**
 * What a look at a host takes from the configuration: the names under which objects are known, and what is looked for elsewhere. A saved plan holds it, so
 * that the look of its apply knows every object by the address that it has in the plan. Plain data without secrets. A section that is absent has no entries.
 */
export interface Sought {
  readonly instances?: Readonly<Record<string, SoughtInstance>>;
  readonly volumes?: Readonly<Record<string, Renamed>>;
  readonly networks?: Readonly<Record<string, Renamed & { readonly external?: boolean }>>;
  /** What tells the content of each published image from other content, by the name of the image. */
  readonly published?: Readonly<Record<string, string>>;
}

/** What is known of an instance that may have another name on the host, or is not labelled yet. */
export interface SoughtInstance extends Renamed {
  readonly count?: number;
  readonly adopt?: boolean;
  readonly uuid?: string;
}

/** An object that may have had another name before. */
interface Renamed {
  readonly renamed_from?: string;
}
