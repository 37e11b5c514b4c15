import { decompressionPrograms, stepsOf } from "../../model/packing.ts";
import type { Config } from "../config.ts";
import { bootImageNames } from "./boot-image-names.ts";
import { packingOf } from "./packing-of.ts";

/** The programs that unpack images of a configuration, each once. */
export function usedDecompressors(config: Config): string[] {
  const bootFiles = bootImageNames(config);
  const programs = Object.entries(config.images ?? {}).flatMap(([name, image]) => {
    const { compression } = stepsOf(packingOf(image, bootFiles.has(name)));
    return compression === null ? [] : [decompressionPrograms[compression]];
  });
  return [...new Set(programs)];
}
