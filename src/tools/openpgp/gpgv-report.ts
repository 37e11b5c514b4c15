/** What `gpgv` found of the signatures of a file. */
export interface SignatureFinding {
  /**
   * `good`: at least one signature is by a key of the ring, and none is wrong. `expired`, `revoked`: it is right, and its key (or it
   * itself) is no longer valid. `weak`: its digest can be forged. `other`: only by keys that are not in the ring. `none`: there is no signature.
   */
  readonly outcome: "good" | "bad" | "expired" | "revoked" | "weak" | "other" | "none";
  /** Fingerprint and name of the key; of `other`, the ids of the keys. */
  readonly keys: readonly string[];
  /** The signed text was in the same file as its signature. */
  readonly inline: boolean;
}

/** MD5, SHA-1 and RIPEMD-160 (RFC 9580, 9.5). */
const weakDigests = new Set(["1", "2", "3"]);
/** A signature of a binary or a text document (RFC 9580, 5.2.1). */
const documentClasses = new Set(["00", "01"]);

/**
 * Reads the lines of `gpgv --status-fd` (GnuPG's doc/DETAILS). Exit codes do not say enough: gpgv ends with 0 for a key that has expired.
 * Pure.
 */
export function readGpgvReport(output: string): SignatureFinding {
  const lines = output.split("\n").flatMap((line) => (line.startsWith("[GNUPG:] ") ? [line.slice(9).trim().split(" ")] : []));
  const inline = lines.some(([word]) => word === "PLAINTEXT");
  const found: Record<Exclude<SignatureFinding["outcome"], "none">, string[]> = {
    bad: [],
    good: [],
    expired: [],
    revoked: [],
    weak: [],
    other: [],
  };
  let state: keyof typeof found | undefined;
  let name = "";
  for (const [word = "", id = "", ...rest] of lines) {
    if (word === "NEWSIG") state = undefined;
    const outcome =
      word === "GOODSIG" ? "good" : word === "EXPKEYSIG" || word === "EXPSIG" ? "expired" : word === "REVKEYSIG" ? "revoked" : undefined;
    if (outcome !== undefined) [state, name] = [outcome, rest.join(" ")];
    if (word === "BADSIG") found.bad.push(`${id} (${rest.join(" ")})`);
    if (word === "ERRSIG") found.other.push(rest[4] !== undefined && rest[4] !== "9" ? `${id} (of a kind that gpgv does not support)` : id);
    if (word !== "VALIDSIG" || state === undefined) continue;
    const strong = !weakDigests.has(rest[6] ?? "") && documentClasses.has(rest[7] ?? "");
    // The fingerprint that publishers name is that of the primary key.
    found[strong ? state : "weak"].push(`${rest[8] ?? id} (${name})`);
  }
  const order = ["bad", "good", "revoked", "expired", "weak", "other"] as const;
  const outcome = order.find((one) => found[one].length > 0);
  return outcome === undefined ? { outcome: "none", keys: [], inline } : { outcome, keys: found[outcome], inline };
}
