import type { CloudDoor } from "./cloud-door.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Host } from "./host.ts";
import type { ImageEvent } from "./image-event.ts";
import type { Layout } from "./layout.ts";
import type { OpenPeer } from "./peer.ts";
import type { PublisherDoor } from "./publisher-door.ts";
import type { SecretRef } from "./secret.ts";
import type { HostSettings } from "./settings.ts";

/** What every look at a host and every action gets. */
export interface Context {
  readonly host: Host;
  readonly layout: Layout;
  readonly settings: HostSettings;
  /** Owner of what this configuration makes. */
  readonly project: string;
  /** The value behind a reference. Throws a UserError when it cannot be had. */
  readonly secret: (reference: SecretRef) => string;
  /** How OpenStack clouds are reached. Absent: they are not. */
  readonly clouds?: CloudDoor;
  /** How signed files of publishers are read and checked. Absent: they are not. */
  readonly publishers?: PublisherDoor;
  /** How other hosts are reached that may hold base images. Absent: they are not. */
  readonly openPeer?: OpenPeer;
  /** Reports a non-fatal problem of the running action. Absent while looking. */
  readonly warn?: (diagnostic: Diagnostic) => void;
  /** Announces a step in the life of an image. Absent while looking. */
  readonly notify?: (event: ImageEvent) => void;
  /** Nothing will be changed, so libvirt's read-only socket is sufficient. */
  readonly looksOnly?: boolean;
  /** Base images are read again and compared with their digests, which takes as long as reading them. */
  readonly verifiesBases?: boolean;
  /** One look at the host: what is read for one kind serves the others, for as long as the look lasts. Absent in an action. */
  readonly look?: object;
  /** Aborted when the user asks twice to stop. */
  readonly signal: AbortSignal;
}
