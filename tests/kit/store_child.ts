/**
 * A process of its own that opens the store of the directory it is given, and then commits one
 * client after the other until it is killed. It says on stdout what has happened: `open`, then the
 * id of each client once its transaction is over; or the error, if the store does not open.
 *
 * @module
 */

import { systemClock } from "../../src/system/clock.ts";
import { ClientRepository } from "../../src/store/clients.ts";
import { openStore } from "../../src/store/open.ts";
import { instantFromMillis } from "../../src/core/instant.ts";
import { errorText } from "../../src/core/errors.ts";
import { silentLogger } from "./silent_logger.ts";

const utf8 = new TextEncoder();

function say(line: string): void {
  Deno.stdout.writeSync(utf8.encode(`${line}\n`));
}

function commitForever(dataDir: string): never {
  using store = openStore({ dataDir, clock: systemClock, logger: silentLogger });
  say("open");
  const clients = new ClientRepository(store);
  for (let n = 0;; n++) {
    const clientId = `client-${n}`;
    clients.insert({
      clientId,
      clientName: "name ".repeat(40),
      clientAddress: null,
      tokenHash: `hash-${n}`,
      issuedAt: instantFromMillis(systemClock.now()),
    });
    say(clientId);
  }
}

if (import.meta.main) {
  try {
    commitForever(Deno.args[0] ?? "");
  } catch (error) {
    say(errorText(error));
  }
}
