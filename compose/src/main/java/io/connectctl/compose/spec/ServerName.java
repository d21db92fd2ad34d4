package io.connectctl.compose.spec;

import java.util.regex.Pattern;

/** A server's name: also a folder, a container's name and a label, so it is plain. */
public record ServerName(String value) implements Comparable<ServerName> {
    /** What a plain name is. */
    public static final Pattern PLAIN = Pattern.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?");

    public ServerName {
        if (!PLAIN.matcher(value).matches()) {
            throw new IllegalArgumentException("server name '" + Texts.shown(value)
                    + "' isn't plain: use 1-63 of a-z, 0-9 and '-', starting and ending with a letter or digit");
        }
    }

    @Override
    public int compareTo(ServerName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
