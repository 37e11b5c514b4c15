import { download } from "../../../src/host/web/download.ts";
import { mirrorCases } from "./mirror-cases.ts";

mirrorCases("here", (request) => download(request, { connectMs: 5000, idleMs: 5000, retries: 3, pauseMs: 1, maxPauseMs: 50 }));
