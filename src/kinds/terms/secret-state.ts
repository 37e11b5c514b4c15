/** A secret of ours as libvirt has it, which never tells its value. */
export interface SecretState {
  readonly instance: string;
  readonly uuid: string;
  /** Uuid of the instance. */
  readonly owner: string;
  /** Its value has been set. */
  readonly ready: boolean;
}
