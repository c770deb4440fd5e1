#!/bin/sh
# Copies the append-only files of a store while it runs:
#
#     backup.sh STORE BACKUPS [DAYS]
#
# STORE: the directory that holds appendonlydir (INSTEP_DATA/store, or the dir of a Redis).
# BACKUPS: gets one directory for each call, named by its time in UTC. Older ones than DAYS (14) are
# removed.
#
# The store only appends to its files, except when it rewrites them: it then names new ones in the
# manifest before it removes the old ones. So if the manifest is the same before and after, all
# files that it names were there meanwhile. Otherwise the copy begins again.
set -eu

files=$1/appendonlydir
manifest=$files/appendonly.aof.manifest
copy=$2/$(date -u +%Y-%m-%dT%H.%M.%SZ)
part=$copy.part

if [ ! -f "$manifest" ]; then
    echo "backup: found no $manifest, expected the store's files; give the directory above them" >&2
    exit 1
fi

copied() {
    rm -rf "$part"
    mkdir -p "$part" || exit 1
    before=$(cat "$manifest")
    cp -Rp "$files" "$part/" && [ "$before" = "$(cat "$manifest")" ]
}

tries=1
until copied; do
    if [ "$tries" -ge 20 ]; then
        rm -rf "$part"
        echo "backup: $files was rewritten or could not be read 20 times in a row" >&2
        exit 1
    fi
    tries=$((tries + 1))
    sleep 1
done
sync
mv "$part" "$copy"
find "$2" -mindepth 1 -maxdepth 1 -type d -name '????-??-??T??.??.??Z' -mtime "+${3:-14}" \
    -exec rm -rf {} +
echo "backup: $copy"
