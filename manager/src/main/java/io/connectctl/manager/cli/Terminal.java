package io.connectctl.manager.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What the standard streams are connected to. */
interface Terminal {
    /** True if stdout is a terminal. */
    boolean out();

    /** True if stderr is a terminal. */
    boolean err();

    /** True if stdout is a pipe: whoever closes one early, as {@code head} does, has what they wanted. */
    default boolean piped() {
        return false;
    }

    /** True if somebody can be asked: they read stderr and type on stdin. */
    default boolean asks() {
        return false;
    }

    /** What they type, up to the end of the line; empty if they end it all. */
    default String line() {
        return "";
    }

    /** Columns that a line may have; {@link Integer#MAX_VALUE} where nobody's eyes limit it. */
    int columns();

    /** The same of what is printed on stdout: where that isn't a terminal, only who says COLUMNS limits it. */
    default int outColumns() {
        return columns();
    }

    /** That of this process. */
    static Terminal system(Map<String, String> environment) {
        return new Terminal() {
            private int known;
            private long knownSince;

            @Override
            public boolean out() {
                return isTerminal(1);
            }

            @Override
            public boolean err() {
                return isTerminal(2);
            }

            @Override
            public boolean asks() {
                return isTerminal(0) && isTerminal(2);
            }

            @Override
            public String line() {
                StringBuilder line = new StringBuilder();
                try {
                    // Byte by byte: what is typed after this line is for whoever runs next on this terminal.
                    for (int next = System.in.read(); next >= 0 && next != '\n'; next = System.in.read()) {
                        line.append((char) next);
                    }
                } catch (IOException e) {
                    return "";
                }
                return line.toString();
            }

            @Override
            public boolean piped() {
                return target(1).startsWith("pipe:");
            }

            @Override
            public int outColumns() {
                return out() || told() > 0 ? columns() : Integer.MAX_VALUE;
            }

            private int told() {
                String columns = environment.getOrDefault("COLUMNS", "");
                return columns.matches("[1-9]\\d{0,3}") ? Integer.parseInt(columns) : 0;
            }

            @Override
            public int columns() {
                if (told() > 0) {
                    return told();
                }
                if (!out() && !err()) {
                    return Integer.MAX_VALUE;
                }
                // A page of lines asks once; somebody who resizes the window while a command goes on is noticed all the
                // same.
                long now = System.nanoTime();
                if (known == 0 || now - knownSince > TimeUnit.SECONDS.toNanos(1)) {
                    known = ask();
                    knownSince = now;
                }
                return known;
            }
        };
    }

    private static boolean isTerminal(int descriptor) {
        // System.console() tells of stdin and stdout together only.
        String target = target(descriptor);
        return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
    }

    private static String target(int descriptor) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor))
                    .toString();
        } catch (IOException e) {
            return "";
        }
    }

    /** Java can't ask a terminal for its size, stty can. */
    private static int ask() {
        try {
            Process stty = new ProcessBuilder("stty", "size", "-F", "/dev/tty")
                    .redirectErrorStream(true)
                    .start();
            if (stty.waitFor(1, TimeUnit.SECONDS)) {
                String[] size = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
                        .strip()
                        .split(" ", -1);
                if (size.length == 2 && size[1].matches("[1-9]\\d{0,3}")) {
                    return Integer.parseInt(size[1]);
                }
            }
            stty.destroy();
        } catch (IOException e) {
            return 80;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return 80;
    }
}
