package io.connectctl.compose.render;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The files of one server.
 *
 * @param files by name, sorted
 * @param fingerprint changes exactly when a file's meaning changes; the same for every incarnation of one declaration
 */
public record Rendering(List<RenderedFile> files, String fingerprint) {
    public Rendering {
        files = List.copyOf(files);
    }

    /** The fingerprint of each file, by its name: tells which one changed where {@link #fingerprint} did. */
    public SortedMap<String, String> prints() {
        SortedMap<String, String> prints = new TreeMap<>();
        files.forEach(file -> prints.put(file.name(), Fingerprint.of(file)));
        return prints;
    }
}
