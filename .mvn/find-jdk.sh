# Sourced by ./mvnw and ./tenon: sets JAVA_HOME to a JDK 25, or says where it looked and how to get one.
# TENON_JDK_ROOTS replaces the folders searched (used by the test of the message).

is_jdk25() { [ -x "$1/bin/javac" ] && grep -q '^JAVA_VERSION="25' "$1/release" 2>/dev/null; }

find_jdk25() {
  if [ -n "${JAVA_HOME:-}" ] && is_jdk25 "$JAVA_HOME"; then return 0; fi
  on_path=$(command -v javac 2>/dev/null) || on_path=
  if [ -n "$on_path" ]; then
    real=$(readlink -f "$on_path" 2>/dev/null || echo "$on_path")
    home=$(dirname "$(dirname "$real")")
    if is_jdk25 "$home"; then JAVA_HOME=$home; export JAVA_HOME; return 0; fi
  fi
  if [ -x /usr/libexec/java_home ] && [ -z "${TENON_JDK_ROOTS:-}" ]; then
    home=$(/usr/libexec/java_home -v 25 2>/dev/null) && is_jdk25 "$home" && { JAVA_HOME=$home; export JAVA_HOME; return 0; }
  fi
  roots=${TENON_JDK_ROOTS:-/usr/lib/jvm $HOME/.sdkman/candidates/java $HOME/.jdks /opt /Library/Java/JavaVirtualMachines $HOME/Library/Java/JavaVirtualMachines}
  for root in $roots; do
    for home in "$root"/*25* "$root"/*25*/Contents/Home "$root"/*; do
      if is_jdk25 "$home"; then JAVA_HOME=$home; export JAVA_HOME; return 0; fi
    done
  done
  {
    echo "Tenon needs JDK 25 and found none."
    echo "Looked at: JAVA_HOME (${JAVA_HOME:-not set}), javac on the PATH (${on_path:-none}), $roots"
    echo "Install one, for example:"
    echo "  SDKMAN:         sdk install java 25-tem"
    echo "  Debian, Ubuntu: add https://packages.adoptium.net/artifactory/deb as described at"
    echo "                  https://adoptium.net/installation/linux, then: sudo apt install temurin-25-jdk"
    echo "  Fedora:         sudo dnf install java-25-openjdk-devel"
    echo "  macOS:          brew install --cask temurin@25"
    echo "or set JAVA_HOME to it."
  } >&2
  return 1
}
