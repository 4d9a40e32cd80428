/**
 * Files on their way to a site, one after the other, each with its progress.
 *
 * @module
 */

import { useEffect, useRef, useState } from "preact/hooks";
import type { ApiError } from "../api/client.ts";
import { explain } from "../i18n/explain.ts";

/** A file of this machine, and where it goes. */
export interface ChosenFile {
  /** From the root of the site. */
  readonly path: string;
  readonly file: File;
}

export interface Upload {
  readonly path: string;
  readonly size: number;
  /** Bytes that the server has. */
  readonly sent: number;
  readonly state: "waiting" | "sending" | "done" | "failed" | "cancelled";
  /** Why it failed. */
  readonly error: string | null;
}

/** What all of it comes to. */
export interface UploadTotals {
  readonly files: number;
  readonly done: number;
  readonly failed: number;
  /** Of all bytes, from 0 to 1. */
  readonly share: number;
  readonly busy: boolean;
}

export function totalsOf(uploads: readonly Upload[]): UploadTotals {
  const counted = uploads.filter(({ state }) => state !== "cancelled");
  const bytes = counted.reduce((sum, it) => sum + it.size, 0);
  const settled = (it: Upload) => it.state === "done" || it.state === "failed" ? it.size : it.sent;
  return {
    files: uploads.length,
    done: uploads.filter(({ state }) => state === "done").length,
    failed: uploads.filter(({ state }) => state === "failed").length,
    share: bytes === 0 ? 1 : counted.reduce((sum, it) => sum + settled(it), 0) / bytes,
    busy: uploads.some(({ state }) => state === "waiting" || state === "sending"),
  };
}

export interface Uploads {
  readonly list: readonly Upload[];
  readonly add: (files: readonly ChosenFile[]) => void;
  /** What is not there yet does not get there. */
  readonly cancel: () => void;
}

/** The uploads to a site. `onChange` is called whenever a file has arrived. */
export function useUploads(siteId: string, onChange: () => void): Uploads {
  const [list, setList] = useState<readonly Upload[]>([]);
  const queue = useRef<{ readonly at: number; readonly chosen: ChosenFile }[]>([]);
  const count = useRef(0);
  const sending = useRef<XMLHttpRequest | null>(null);
  const update = (at: number, changes: Partial<Upload>) =>
    setList((uploads) => uploads.map((it, i) => i === at ? { ...it, ...changes } : it));
  useEffect(() => () => {
    queue.current = [];
    sending.current?.abort();
  }, [siteId]);

  const next = async (): Promise<void> => {
    for (let task = queue.current.shift(); task !== undefined; task = queue.current.shift()) {
      const { at, chosen } = task;
      const request = new XMLHttpRequest();
      sending.current = request;
      update(at, { state: "sending" });
      const error = await send(request, siteId, {
        ...chosen,
        onProgress: (sent) => update(at, { sent }),
      });
      if (error === "cancelled") update(at, { state: "cancelled" });
      else if (error === null) update(at, { state: "done", sent: chosen.file.size });
      else update(at, { state: "failed", error: explain(error) });
      if (error === null) onChange();
    }
    sending.current = null;
  };

  return {
    list,
    add(files) {
      const first = count.current;
      count.current += files.length;
      setList((uploads) => [...uploads, ...files.map(waiting)]);
      queue.current.push(...files.map((chosen, i) => ({ at: first + i, chosen })));
      if (sending.current === null) void next();
    },
    cancel() {
      for (const { at } of queue.current) update(at, { state: "cancelled" });
      queue.current = [];
      sending.current?.abort();
    },
  };
}

const waiting = ({ path, file: { size } }: ChosenFile): Upload => ({
  path,
  size,
  sent: 0,
  state: "waiting",
  error: null,
});

interface Sending extends ChosenFile {
  readonly onProgress: (sent: number) => void;
}

/** `fetch` tells nothing of an upload's progress; this old request does. */
function send(
  request: XMLHttpRequest,
  siteId: string,
  { path, file, onProgress }: Sending,
): Promise<ApiError | "cancelled" | null> {
  const { promise, resolve } = Promise.withResolvers<ApiError | "cancelled" | null>();
  request.upload.onprogress = ({ loaded }) => onProgress(loaded);
  request.onabort = () => resolve("cancelled");
  request.onerror = () => resolve({ status: 0, code: "unreachable", message: "unreachable" });
  request.onload = () => resolve(errorOf(request));
  const query = new URLSearchParams({ path });
  request.open("PUT", `/v1/sites/${encodeURIComponent(siteId)}/files?${query}`);
  request.setRequestHeader("X-Portunus-CSRF", "1");
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.send(file);
  return promise;
}

function errorOf({ status, responseText }: XMLHttpRequest): ApiError | null {
  if (status >= 200 && status < 300) return null;
  try {
    const { error } = JSON.parse(responseText) as { error: { code: string; message: string } };
    return { status, code: error.code, message: error.message };
  } catch {
    return { status, code: `http_${status}`, message: `HTTP ${status}` };
  }
}
