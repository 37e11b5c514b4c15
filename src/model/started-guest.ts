/** A guest that an apply made and started. */
export interface StartedGuest {
  /** Its name, with the host in front where there are several: `kvm1/web-0`. */
  readonly name: string;
  /** Addresses that are known at the end of the apply. */
  readonly addresses: readonly string[];
  /** Something other than QEMU's user network is connected to it. */
  readonly reachable: boolean;
  /** It has no console log, as containers have none. */
  readonly silent?: true;
}
