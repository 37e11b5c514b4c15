/** One file that a guest gets at its first boot. */
export interface GuestFile {
  /** Absolute, in the guest. */
  readonly path: string;
  /** Content in base64, without line breaks. */
  readonly base64: string;
  /** Four octal digits; null: as the guest chooses. */
  readonly mode: string | null;
  /** USER or USER:GROUP; null: root. */
  readonly owner: string | null;
}
