import assert from "node:assert/strict";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { TemporaryStore } from "../../tests/kit/seeded_store.ts";
import { PortunusError } from "../core/errors.ts";
import { ClientRepository } from "../store/clients.ts";
import { ClientService } from "./clients.ts";
import { SessionRegistry } from "./registry.ts";

Deno.test("ClientService.revoke() refuses the token from now on and ends the session, once and again", () => {
  using db = new TemporaryStore();
  const logger = new RecordingLogger();
  const registry = new SessionRegistry(db.clock);
  const clients = new ClientRepository(db.store);
  const rules = { renameClient: () => undefined };
  const removed: string[] = [];
  const service = new ClientService({
    clients,
    rules,
    registry,
    clock: db.clock,
    logger,
    onRemoved: (clientId) => removed.push(clientId),
  });
  const edge = { clientId: "C1", clientName: "edge-01" };
  db.addClient(edge);
  const session = registry.register(edge, "203.0.113.9:1");

  service.revoke("C1");
  assert.equal(session.cancelled.aborted, true);
  const revokedAt = clients.get("C1")?.revokedAt;
  assert.equal(revokedAt?.epochMilliseconds, db.clock.now());

  registry.unregister(session);
  db.clock.advance(1_000);
  service.revoke("C1");
  assert.deepEqual(clients.get("C1")?.revokedAt, revokedAt, "the first time stays");
  assert.deepEqual(logger.of("audit.revoke").map(({ fields }) => fields["was_connected"]), [
    true,
    false,
  ]);
  assert.throws(
    () => service.revoke("C9"),
    (error) => error instanceof PortunusError && error.message === "client_not_found: C9",
  );
  service.remove("C1");
  assert.deepEqual(removed, ["C1"]);
});

Deno.test("ClientService tells where clients may be reached elsewhere, however that changed", () => {
  using db = new TemporaryStore();
  const service = new ClientService({
    clients: new ClientRepository(db.store),
    rules: { renameClient: () => undefined },
    registry: new SessionRegistry(db.clock),
    clock: db.clock,
    logger: new RecordingLogger(),
    onRemoved: () => undefined,
  });
  db.addClient({ clientId: "C1", clientName: "edge-01" });
  const moved: string[] = [];
  service.onMoved((clientId) => moved.push(clientId));
  service.setAddress("C1", "10.0.0.7");
  service.moved("C2");
  assert.deepEqual(moved, ["C1", "C2"]);
});
