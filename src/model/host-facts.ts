/** What the machine can do and has to give, as looked up before planning. Sizes are bytes. */
export interface HostFacts {
  readonly hostname: string;
  /** As libvirt names it: `x86_64`. */
  readonly arch: string;
  /** Whether libvirt offers KVM guests of the host's own architecture. */
  readonly kvm: boolean;
  readonly cpus: number;
  readonly memory: number;
  /** The filesystem that holds the instances path (or its nearest existing parent). */
  readonly disk: {
    readonly total: number;
    readonly free: number /** Whether files there can be read past the page cache (O_DIRECT). */;
    readonly directIo: boolean;
  };
  readonly libvirtVersion: string;
}
