# Sourced by ./mvnw, ./tenon and the image's bin/tenon: sets JAVA_HOME to a JDK 25, or says where
# it looked and how to get one. TENON_JDK_ROOTS (one folder) replaces all folders that are searched,
# TENON_JDK_SYSTEM_ROOTS (one folder) those outside HOME; the tests of the search use them.
# Sourced into scripts with variables of their own: every name here starts with jdk_.

is_jdk25() { [ -x "$1/bin/javac" ] && grep -q '^JAVA_VERSION="25' "$1/release" 2>/dev/null; }

use_jdk() {
  is_jdk25 "$1" || return 1
  JAVA_HOME=$1
  export JAVA_HOME
}

find_jdk25() {
  use_jdk "${JAVA_HOME:-/nonexistent}" && return 0
  jdk_on_path=$(command -v javac 2>/dev/null) || jdk_on_path=
  if [ -n "$jdk_on_path" ]; then
    jdk_real=$(readlink -f "$jdk_on_path" 2>/dev/null || echo "$jdk_on_path")
    use_jdk "$(dirname "$(dirname "$jdk_real")")" && return 0
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
  for jdk_root in "$@"; do
    for jdk_home in "$jdk_root"/*25* "$jdk_root"/*25*/Contents/Home \
      "$jdk_root"/*25*/libexec/openjdk.jdk/Contents/Home "$jdk_root"/*; do
      use_jdk "$jdk_home" && return 0
    done
  done
  {
    echo "Tenon needs JDK 25 and found none."
    echo "Looked at: JAVA_HOME (${JAVA_HOME:-not set}), javac on the PATH (${jdk_on_path:-none}), $*"
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
