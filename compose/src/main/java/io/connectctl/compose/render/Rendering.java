package io.connectctl.compose.render;

import java.util.List;

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
}
