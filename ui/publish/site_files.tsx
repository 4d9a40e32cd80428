import { useRef, useState } from "preact/hooks";
import { useAction } from "../api/action.ts";
import { call } from "../api/client.ts";
import { invalidate, useQuery } from "../api/query.ts";
import type { Site, SiteFile } from "../api/types.ts";
import { Confirm } from "../components/dialog.tsx";
import { formatBytes, formatInstant } from "../components/format.ts";
import { Icon } from "../components/icon.tsx";
import { ErrorState, Loading } from "../components/states.tsx";
import { Table } from "../components/table.tsx";
import { t } from "../i18n/i18n.ts";
import { chosenFiles, droppedFiles } from "./dropped_files.ts";
import { UploadList } from "./upload_list.tsx";
import { useUploads } from "./uploads.ts";

/** The files of a site: look, upload, delete. */
export function SiteFiles({ site }: { readonly site: Site }) {
  const [directory, setDirectory] = useState("");
  const [removing, setRemoving] = useState<SiteFile | null>(null);
  const path = { site_id: site.id };
  const query = directory === "" ? {} : { path: directory };
  const { data, error, reload } = useQuery("GET /v1/sites/{site_id}/files", { path, query });
  const changed = () => {
    void invalidate(`/v1/sites/${site.id}/files`);
    void invalidate("/v1/sites");
  };
  const uploads = useUploads(site.id, changed);
  return (
    <section
      class="card dropzone"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        const items = event.dataTransfer?.items;
        if (items) void droppedFiles(items, directory).then(uploads.add);
      }}
    >
      <h2>{t("files.title")}</h2>
      <Crumbs directory={directory} onOpen={setDirectory} />
      {data === undefined
        ? error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />
        : <FileTable files={data} onOpen={setDirectory} onRemove={setRemoving} />}
      <p class="muted">{t("files.drop")}</p>
      <div class="row">
        <Chooser
          label={t("files.choose")}
          onChosen={(files) => uploads.add(chosenFiles(files, directory))}
        />
        <Chooser
          label={t("files.choose_folder")}
          folder
          onChosen={(files) => uploads.add(chosenFiles(files, directory))}
        />
      </div>
      <UploadList uploads={uploads} />
      {removing && (
        <RemoveFile
          site={site}
          file={removing}
          onClose={() => setRemoving(null)}
          onRemoved={changed}
        />
      )}
    </section>
  );
}

interface CrumbsProps {
  readonly directory: string;
  readonly onOpen: (directory: string) => void;
}

/** The way from the root to the directory. */
function Crumbs({ directory, onOpen }: CrumbsProps) {
  const parts = directory.split("/").filter((it) => it !== "");
  return (
    <nav class="row" aria-label={t("files.directory")}>
      <button type="button" class="link" onClick={() => onOpen("")}>/</button>
      {parts.map((part, i) => (
        <button
          key={i}
          type="button"
          class="link"
          onClick={() => onOpen(parts.slice(0, i + 1).join("/"))}
        >
          {part} /
        </button>
      ))}
    </nav>
  );
}

interface FileTableProps {
  readonly files: readonly SiteFile[];
  readonly onOpen: (directory: string) => void;
  readonly onRemove: (file: SiteFile) => void;
}

function FileTable({ files, onOpen, onRemove }: FileTableProps) {
  return (
    <Table
      label={t("files.title")}
      rows={files}
      keyOf={(it) => it.path}
      empty={t("files.none")}
      columns={[
        {
          title: t("label.name"),
          cell: ({ type, name, path }) =>
            type === "file"
              ? name
              : <button type="button" class="link" onClick={() => onOpen(path)}>{name}/</button>,
        },
        {
          title: t("files.size"),
          cell: ({ size }) => size === null ? "" : formatBytes(size),
          isNumber: true,
        },
        { title: t("files.modified"), cell: (it) => formatInstant(it.modified_at) },
        {
          title: "",
          cell: (file) => (
            <button
              type="button"
              class="icon-button"
              aria-label={t("files.remove", { name: file.name })}
              onClick={() => onRemove(file)}
            >
              <Icon name="trash" />
            </button>
          ),
        },
      ]}
    />
  );
}

interface ChooserProps {
  readonly label: string;
  readonly folder?: boolean;
  readonly onChosen: (files: readonly File[]) => void;
}

/** A button that opens the system's choice of files, for those who do not drag. */
function Chooser({ label, folder = false, onChosen }: ChooserProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class="button" onClick={() => input.current?.click()}>{label}</button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={label}
        multiple={!folder}
        {...(folder ? { webkitdirectory: true } : {})}
        onChange={(event) => {
          onChosen([...event.currentTarget.files ?? []]);
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}

interface RemoveFileProps {
  readonly site: Site;
  readonly file: SiteFile;
  readonly onClose: () => void;
  readonly onRemoved: () => void;
}

function RemoveFile({ site, file, onClose, onRemoved }: RemoveFileProps) {
  const { busy, error, run } = useAction();
  const remove = async () => {
    const result = await run(() =>
      call("DELETE /v1/sites/{site_id}/files", {
        path: { site_id: site.id },
        query: { path: file.path },
      })
    );
    onRemoved();
    if (result.ok) onClose();
  };
  return (
    <Confirm
      title={t("files.remove", { name: file.name })}
      onClose={onClose}
      confirm={t("action.remove")}
      busy={busy}
      onConfirm={() => void remove()}
    >
      <p>{t(file.type === "directory" ? "files.remove_directory" : "files.remove_text")}</p>
      {error !== null && <p class="alert" role="alert">{error}</p>}
    </Confirm>
  );
}
