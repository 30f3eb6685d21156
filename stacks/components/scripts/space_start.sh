#!/bin/bash
# Sets a space up at each start: notebooks of the project, where they run, and a repository if the settings name one.
# Nothing in here may keep the space from starting: what fails is said, in the log group /aws/sagemaker/studio.
set -u

notebooks='@NOTEBOOKS@'     # where the deployment laid them, s3://…/
project='@PROJECT@'         # what the notebooks must know, as JSON
repository='@REPOSITORY@'   # empty for none
folder="$HOME/churn"
delivered="$folder/.delivered"  # checksums of what was laid down here last

say() { echo "churn: $*"; }

deliver() {
  # What a person changed stays as it is; the new version then lies beside it, as <name>.new.
  local fresh=$1 file sum
  (cd "$fresh" && find . -type f ! -name '.*' | sort) | while read -r file; do
    file=${file#./}
    sum=$(sha256sum < "$fresh/$file")
    if [ -f "$folder/$file" ] && [ "$(sha256sum < "$folder/$file")" = "$sum" ]; then
      continue
    fi
    mkdir -p "$(dirname "$folder/$file")"
    if [ -f "$folder/$file" ] && ! grep -qF "$(sha256sum < "$folder/$file" | cut -c1-64)  $file" "$delivered" 2>/dev/null; then
      cp "$fresh/$file" "$folder/$file.new"
      say "$file was changed here and stays; the new version is $file.new"
    else
      cp "$fresh/$file" "$folder/$file"
    fi
  done
  (cd "$fresh" && find . -type f -exec sha256sum {} + | sed 's#  \./#  #') >> "$delivered"
}

mkdir -p "$folder"
fresh=$(mktemp -d)
if timeout 120 aws s3 cp --recursive --only-show-errors "$notebooks" "$fresh"; then
  deliver "$fresh"
  say "the notebooks are in $folder"
else
  say "the notebooks could not be copied from $notebooks: is the S3 endpoint of the VPC there, and may the role read it?"
fi
rm -rf "$fresh"
printf '%s\n' "$project" > "$folder/studio.json"

if [ -n "$repository" ]; then
  clone="$HOME/git/$(basename "$repository" .git)"
  mkdir -p "$HOME/git"
  if [ -e "$clone" ]; then
    say "$clone is there already, and is left as it is"
  elif GIT_TERMINAL_PROMPT=0 timeout 90 git clone --quiet "$repository" "$clone"; then
    say "$repository is in $clone"
  else
    rm -rf "$clone"
    say "$repository could not be cloned: no way leads from this network to the internet, so it must be a host in the VPC"
  fi
fi
exit 0
