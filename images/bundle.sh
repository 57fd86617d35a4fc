# Puts programs with all libraries that they need, and the loader of these, into a folder that works in any image of the same processor:
# sh bundle.sh FOLDER PROGRAM...
# Each program and library finds the others in FOLDER/lib, wherever it runs, and none of that image's own. So FOLDER cannot be moved.
set -eu
folder=$1
shift
mkdir -p "$folder/bin" "$folder/lib"

# libraries FILE: what FILE needs, by the paths at which the loader finds it here, the loader itself among it.
libraries() {
  # Lines are `libz.so.1 => /lib/libz.so.1 (0x..)`, or `/lib64/ld-linux-x86-64.so.2 (0x..)` for the loader. What is missing is told.
  listed=$(ldd "$1")
  if echo "$listed" | grep 'not found' >&2; then
    echo "$1 needs these, which are not there" >&2
    exit 1
  fi
  echo "$listed" | sed -n 's/.*=> \(\/[^ ]*\) (.*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p'
}

loader=
for program in "$@"; do
  name=$(basename "$program")
  cp -L "$program" "$folder/bin/$name"
  # Its file name differs between processors.
  loader=$(readelf --program-headers "$program" | sed -n 's/.*program interpreter: \(.*\)\]/\1/p')
  if [ -z "$loader" ]; then
    echo "$program names no loader: it is no program that is linked dynamically" >&2
    exit 1
  fi
  for library in "$loader" $(libraries "$program"); do
    cp -Ln "$library" "$folder/lib/$(basename "$library")" || [ -e "$folder/lib/$(basename "$library")" ]
  done
done

for program in "$@"; do
  patchelf --set-interpreter "$folder/lib/$(basename "$loader")" --force-rpath --set-rpath "$folder/lib" "$folder/bin/$(basename "$program")"
done
for library in "$folder"/lib/*; do
  case $(basename "$library") in
    # The loader and the C library are not to be changed: the loader finds itself, and needs nothing.
    ld-linux* | libc.so.*) ;;
    *) patchelf --force-rpath --set-rpath "$folder/lib" "$library" ;;
  esac
done
cp -L /etc/ssl/certs/ca-certificates.crt "$folder/ca-certificates.crt"
chmod -R a+rX "$folder"

# Nothing is taken from this image any more.
for program in "$folder"/bin/*; do
  if "$folder/lib/$(basename "$loader")" --list "$program" | grep '=> /' | grep -v "=> $folder/lib/"; then
    echo "$program still takes the libraries above from the image" >&2
    exit 1
  fi
done
