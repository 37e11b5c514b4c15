import type { AnyKind, Check } from "../model/kind.ts";
import type { SecretRef } from "../model/secret.ts";
import type { HostSettings } from "../model/settings.ts";
import { checkHostCapacity } from "./capacity.ts";
import type { Config } from "./config.ts";
import { imageKind } from "./image/image.ts";
import { instanceKind } from "./instance/instance.ts";
import { volumeKind } from "./volume/volume.ts";

/** Everything that can be reconciled, one line each. */
export function createKinds(
  settings: HostSettings,
  lookUpSecret: (reference: SecretRef) => string | undefined,
): readonly AnyKind<Config>[] {
  return [imageKind, volumeKind(settings), instanceKind(settings, lookUpSecret)];
}

/** What is asked about all kinds together. */
export function createChecks(settings: HostSettings): readonly Check<Config>[] {
  return [checkHostCapacity(settings)];
}
