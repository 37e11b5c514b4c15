import type { AnyKind } from "../model/kind.ts";
import type { SecretRef } from "../model/secret.ts";
import type { HostSettings } from "../model/settings.ts";
import { capacityKind } from "./capacity/capacity.ts";
import type { Config } from "./config.ts";
import { imageKind } from "./image/image.ts";
import { instanceKind } from "./instance/instance.ts";
import { volumeKind } from "./volume/volume.ts";

/** Everything that can be reconciled, one line each. */
export function createKinds(
  settings: HostSettings,
  lookUpSecret: (reference: SecretRef) => string | undefined,
): readonly AnyKind<Config>[] {
  return [imageKind, volumeKind(settings), instanceKind(settings, lookUpSecret), capacityKind(settings)];
}
