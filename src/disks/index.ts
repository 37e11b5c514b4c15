import { userError } from "../model/errors.ts";
import type { BackendName } from "../model/settings.ts";
import type { DiskBackend } from "./backend.ts";
import { flat } from "./flat.ts";
import { qcow2 } from "./qcow2.ts";

const backends: Partial<Record<BackendName, DiskBackend>> = { flat, qcow2 };

/** The backend of a name. Throws a UserError for one that this version does not have. */
export function backendOf(name: BackendName): DiskBackend {
  const backend = backends[name];
  if (backend !== undefined) return backend;
  throw userError(
    "backend-not-supported",
    `images_type ${name} is not supported by this version`,
    `Supported are ${Object.keys(backends).join(" and ")}.`,
  );
}

/** Every backend there is, for looking at disks. */
export const allBackends: readonly DiskBackend[] = Object.values(backends);
