# Sourced by ./mvnw, ./tenon and the image's bin/tenon: sets JAVA_HOME to a JDK 25, or says where
# it looked and how to get one. TENON_JDK_ROOTS (one folder) replaces all folders that are searched,
# TENON_JDK_SYSTEM_ROOTS (one folder) those outside HOME; the tests of the search use them.

is_jdk25() { [ -x "$1/bin/javac" ] && grep -q '^JAVA_VERSION="25' "$1/release" 2>/dev/null; }

use_jdk() {
  is_jdk25 "$1" || return 1
  JAVA_HOME=$1
  export JAVA_HOME
}

find_jdk25() {
  use_jdk "${JAVA_HOME:-/nonexistent}" && return 0
  on_path=$(command -v javac 2>/dev/null) || on_path=
  if [ -n "$on_path" ]; then
    real=$(readlink -f "$on_path" 2>/dev/null || echo "$on_path")
    use_jdk "$(dirname "$(dirname "$real")")" && return 0
  fi
  if [ -n "${TENON_JDK_ROOTS:-}" ]; then
    set -- "$TENON_JDK_ROOTS"
  else
    if [ -x /usr/libexec/java_home ]; then
      use_jdk "$(/usr/libexec/java_home -v 25 2>/dev/null)" && return 0
    fi
    set -- "${HOME:-/nonexistent}/.sdkman/candidates/java" "${HOME:-/nonexistent}/.jdks" \
      "${HOME:-/nonexistent}/Library/Java/JavaVirtualMachines"
    if [ -n "${TENON_JDK_SYSTEM_ROOTS:-}" ]; then
      set -- "$@" "$TENON_JDK_SYSTEM_ROOTS"
    else
      set -- "$@" /usr/lib/jvm /opt /Library/Java/JavaVirtualMachines \
        /opt/homebrew/opt /usr/local/opt
    fi
  fi
  for root in "$@"; do
    for home in "$root"/*25* "$root"/*25*/Contents/Home \
      "$root"/*25*/libexec/openjdk.jdk/Contents/Home "$root"/*; do
      use_jdk "$home" && return 0
    done
  done
  {
    echo "Tenon needs JDK 25 and found none."
    echo "Looked at: JAVA_HOME (${JAVA_HOME:-not set}), javac on the PATH (${on_path:-none}), $*"
    echo "Install one, for example:"
    echo "  SDKMAN:         sdk install java 25-tem"
    echo "  Debian, Ubuntu: sudo apt install openjdk-25-jdk; where the release has no such package,"
    echo "                  add Temurin's as https://adoptium.net/installation/linux says, then"
    echo "                  sudo apt install temurin-25-jdk"
    echo "  Fedora:         sudo dnf install java-25-openjdk-devel"
    echo "  macOS:          brew install --cask temurin@25"
    echo "or set JAVA_HOME to it."
  } >&2
  return 1
}
