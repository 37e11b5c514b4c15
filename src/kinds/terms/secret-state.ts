/** A secret of ours as libvirt has it, which never tells its value. */
export interface SecretState {
  /** In its address: that of the instance, or `volume.data`. */
  readonly name: string;
  readonly uuid: string;
  /** Uuid of the instance or volume. */
  readonly owner: string;
  /** Its value has been set. */
  readonly ready: boolean;
}
