import { useEffect, useState } from "preact/hooks";
import { invalidate } from "../api/query.ts";
import type { ProvisionTask, PublishStatus } from "../api/types.ts";

export type Provision = PublishStatus["provision"];

/** `provision` after one of its tasks changed. */
export function withTask(provision: Provision, task: ProvisionTask): Provision {
  return { ...provision, tasks: provision.tasks.map((it) => it.task === task.task ? task : it) };
}

/**
 * The run that sets up what publishing needs, while it is under way: the stream tells everything
 * first and every change after that, also after it was interrupted.
 *
 * @param known what the last answer said
 * @param isFollowed whether a run is under way, or may begin
 */
export function useProvision(known: Provision, isFollowed: boolean): Provision {
  const [heard, setHeard] = useState<Provision | null>(null);
  useEffect(() => {
    if (!isFollowed) return setHeard(null);
    const source = new EventSource("/v1/publish/provision/stream");
    const on = <T>(event: string, take: (data: T) => void) =>
      source.addEventListener(event, ({ data }) => take(JSON.parse(data) as T));
    on<Provision>("state", setHeard);
    on<ProvisionTask>(
      "task",
      (task) => setHeard((it) => it && withTask({ ...it, running: true }, task)),
    );
    const end = () => {
      setHeard((it) => it && { ...it, running: false });
      void invalidate("/v1/publish/status");
    };
    on("failed", end);
    on("complete", () => {
      source.close();
      end();
    });
    return () => source.close();
  }, [isFollowed]);
  return heard ?? known;
}
