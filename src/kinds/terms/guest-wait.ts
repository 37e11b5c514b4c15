import { durationMs } from "../../model/duration.ts";

/** What an apply waits for after it started a guest. */
export interface GuestWait {
  /** `agent`: its guest agent is connected. `address`: an IP address of it is known. `ssh`: its ssh server answers. `cloud_init`: cloud-init has ended without errors. */
  readonly what: "agent" | "address" | "ssh" | "cloud_init";
  readonly seconds: number;
  /** Fixed addresses of its interfaces. */
  readonly addresses: readonly string[];
}

/** `wait_for` of an instance as it is written. */
type WrittenWait = GuestWait["what"] | { readonly what: GuestWait["what"]; readonly timeout?: string };

/** The usual limit: that of a first boot which installs packages. */
export const usualWait = "10m";

/** `wait_for` of an instance whose interfaces have these fixed addresses. */
export function guestWait(written: WrittenWait, addresses: readonly string[]): GuestWait {
  const { what, timeout = usualWait } = typeof written === "string" ? { what: written } : written;
  return { what, seconds: (durationMs(timeout) ?? 0) / 1000, addresses };
}

/** What is waited for, in words. */
export function waitedFor({ what }: Pick<GuestWait, "what">): string {
  return { agent: "its guest agent", address: "an address", ssh: "its ssh server", cloud_init: "cloud-init" }[what];
}

/** `90 s`, `10 min`, `2 h`. */
export function limitOf({ seconds }: Pick<GuestWait, "seconds">): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
