package io.connectctl.compose.render;

import io.connectctl.compose.spec.Nearest;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Finds the templates of a profile. Four layers, a later one wins file by file: the built-in profile {@code default}, the
 * built-in profile of the declared name, the user's folder of that name, and the folder named by {@code --templates}.
 */
final class TemplateSource {
    /** The profile that every other one builds on. */
    static final String BASE = "default";

    /** Built-in folders that aren't a server's files: no profiles. */
    private static final Set<String> OTHERS = Set.of(ComposeProject.TEMPLATES, "image");

    private static final String RESOURCES = "io/connectctl/templates";
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");
    /** Templates are small texts; whoever points at a folder of data should hear so before it is all read. */
    private static final long LARGEST = 1 << 20;

    private final Optional<Path> profiles;
    /** What was read of this installation itself, by folder; empty where it has none of that name. It doesn't change while it runs. */
    private final Map<String, Optional<Map<String, Template>>> builtIn = new ConcurrentHashMap<>();

    TemplateSource(Optional<Path> profiles) {
        this.profiles = profiles;
    }

    /** The templates by the name of their file. */
    SortedMap<String, Template> load(String profile, Optional<Path> overlay) throws RenderException {
        if (!PLAIN.matcher(profile).matches()) {
            throw new RenderException(
                    "profile '" + profile
                            + "' is no plain folder name: use letters, digits, '.', '_' and '-', starting with a letter or digit");
        }
        SortedMap<String, Template> templates = new TreeMap<>();
        boolean builtIn = addBuiltIn(BASE, templates);
        if (!builtIn) {
            throw new RenderException("the built-in templates are missing from this installation: install it anew");
        }
        if (OTHERS.contains(profile)) {
            throw new RenderException(
                    "profile '" + profile + "' can't be used: that folder holds other templates than a server's");
        }
        boolean known = profile.equals(BASE) || addBuiltIn(profile, templates);
        Optional<Path> folder =
                profiles.map(all -> all.resolve(profile)).filter(candidate -> Files.isDirectory(candidate));
        if (folder.isPresent()) {
            addFolder(folder.get(), templates);
        } else if (!known) {
            throw new RenderException(unknownProfile(profile));
        }
        if (overlay.isPresent()) {
            if (!Files.isDirectory(overlay.get())) {
                throw new RenderException(
                        overlay.get() + ": is no folder of templates; create it, or leave out --templates");
            }
            addFolder(overlay.get(), templates);
        }
        return templates;
    }

    /** One template of a folder that is no profile; the user's file of that name wins. */
    Template single(String folder, String name) throws RenderException {
        SortedMap<String, Template> templates = new TreeMap<>();
        boolean builtIn = addBuiltIn(folder, templates);
        Optional<Path> own = profiles.map(all -> all.resolve(folder)).filter(Files::isDirectory);
        if (own.isPresent()) {
            addFolder(own.get(), templates);
        }
        Template template = templates.get(name);
        if (!builtIn || template == null) {
            throw new RenderException("the built-in template " + folder + "/" + name
                    + " is missing from this installation: install it anew");
        }
        return template;
    }

    private String unknownProfile(String profile) throws RenderException {
        List<String> names = new ArrayList<>(builtInProfiles());
        if (profiles.isPresent() && Files.isDirectory(profiles.get())) {
            try (Stream<Path> folders = Files.list(profiles.get())) {
                folders.filter(Files::isDirectory).forEach(folder -> names.add(fileName(folder)));
            } catch (IOException e) {
                throw unreadable(profiles.get(), e);
            }
        }
        String place = profiles.map(all -> " Create " + all.resolve(profile) + " to make it.")
                .orElse("");
        return "there is no profile '" + profile + "'. Known: "
                + String.join(", ", names.stream().distinct().sorted().toList()) + "."
                + Nearest.of(profile, names)
                        .map(name -> " Did you mean '" + name + "'?")
                        .orElse("")
                + place;
    }

    private static void addFolder(Path folder, SortedMap<String, Template> templates) throws RenderException {
        try {
            Path real = folder.toRealPath();
            for (Path file : visible(folder)) {
                String name = fileName(file);
                if (!file.toRealPath().startsWith(real)) {
                    throw new RenderException(
                            file + ": is a link out of its folder; a template can't take in files from elsewhere");
                }
                if (Files.isDirectory(file)) {
                    throw new RenderException(file + ": is a folder; templates lie flat in " + folder);
                }
                if (!PLAIN.matcher(name).matches()) {
                    throw new RenderException(
                            file + ": the name of a template may hold letters, digits, '.', '_' and '-'");
                }
                if (Files.size(file) > LARGEST) {
                    throw new RenderException(file + ": has more than " + LARGEST + " bytes, so it is no template");
                }
                templates.put(name, new Template(name, file.toString(), decode(file, Files.readAllBytes(file))));
            }
        } catch (IOException e) {
            throw unreadable(folder, e);
        }
    }

    private boolean addBuiltIn(String profile, SortedMap<String, Template> templates) throws RenderException {
        Optional<Map<String, Template>> known = builtIn.get(profile);
        if (known == null) {
            Map<String, Template> found = new HashMap<>();
            known = readBuiltIn(profile, found) ? Optional.of(found) : Optional.empty();
            builtIn.put(profile, known);
        }
        known.ifPresent(read -> templates.putAll(read));
        return known.isPresent();
    }

    private static boolean readBuiltIn(String profile, Map<String, Template> templates) throws RenderException {
        return withBuiltIn(root -> {
            Path folder = root.resolve(profile);
            if (!Files.isDirectory(folder)) {
                return false;
            }
            for (Path file : visible(folder)) {
                String name = fileName(file);
                templates.put(
                        name,
                        new Template(
                                name,
                                "built-in " + profile + "/" + name,
                                Files.readString(file, StandardCharsets.UTF_8)));
            }
            return true;
        });
    }

    /** The built-in profiles' names. */
    static List<String> builtInProfiles() throws RenderException {
        return withBuiltIn(root -> {
            try (Stream<Path> folders = Files.list(root)) {
                return folders.filter(Files::isDirectory)
                        .map(TemplateSource::fileName)
                        .filter(name -> !OTHERS.contains(name))
                        .sorted()
                        .toList();
            }
        });
    }

    private interface Reading<T> {
        T read(Path root) throws IOException;
    }

    /** The resources as a folder: one on disk in a build, one in a jar when installed. */
    private static <T> T withBuiltIn(Reading<T> reading) throws RenderException {
        // The class itself is the anchor: a folder's URL depends on whether the jar has entries for folders.
        String anchor = TemplateSource.class.getSimpleName() + ".class";
        URL self = TemplateSource.class.getResource(anchor);
        try {
            if (self == null) {
                throw new IOException("the class path doesn't tell where this class lies");
            }
            String packagePath = TemplateSource.class.getPackageName().replace('.', '/') + "/" + anchor;
            String url = self.toString();
            if (url.startsWith("jar:")) {
                Path jar = Path.of(new URI(url.substring("jar:".length(), url.indexOf("!/"))));
                try (FileSystem files = FileSystems.newFileSystem(jar)) {
                    return reading.read(files.getPath("/" + RESOURCES));
                }
            }
            Path classes = Path.of(new URI(url.substring(0, url.length() - packagePath.length())));
            return reading.read(classes.resolve(RESOURCES));
        } catch (IOException | URISyntaxException e) {
            throw new RenderException("the built-in templates can't be read: " + e.getMessage(), e);
        }
    }

    /** Files that are meant: no hidden ones, no editors' leftovers, no README. */
    private static List<Path> visible(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> {
                        String name = fileName(file);
                        return !name.startsWith(".") && !name.endsWith("~") && !name.equals("README.md");
                    })
                    .sorted()
                    .toList();
        }
    }

    private static String decode(Path file, byte[] bytes) throws RenderException {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new RenderException(file + ": isn't text in UTF-8, so it can't be a template", e);
        }
    }

    private static RenderException unreadable(Path folder, IOException e) {
        String what =
                e instanceof NoSuchFileException ? "no such file" : e.getClass().getSimpleName();
        return new RenderException(
                folder + ": the templates can't be read (" + what + ": " + e.getMessage() + "); check its permissions",
                e);
    }

    private static String fileName(Path file) {
        Path name = file.getFileName();
        String text = name == null ? "" : name.toString();
        return text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
    }
}
