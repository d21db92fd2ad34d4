package io.connectctl.health;

import io.connectctl.health.proto.AddArtifactsRequest;
import io.connectctl.health.proto.AddArtifactsResponse;
import io.connectctl.health.proto.AnalyzePlanRequest;
import io.connectctl.health.proto.ArtifactStatusesRequest;
import io.connectctl.health.proto.ConfigRequest;
import io.connectctl.health.proto.ConfigResponse;
import io.connectctl.health.proto.ExecutePlanRequest;
import io.connectctl.health.proto.ExecutePlanResponse;
import io.connectctl.health.proto.InterruptRequest;
import io.connectctl.health.proto.KeyValue;
import io.connectctl.health.proto.Plan;
import io.connectctl.health.proto.Range;
import io.connectctl.health.proto.Relation;
import io.connectctl.health.proto.ReleaseSessionRequest;
import io.connectctl.health.proto.Repartition;
import io.connectctl.health.proto.SQL;
import io.connectctl.health.proto.SparkConnectServiceGrpc;
import io.connectctl.health.proto.UserContext;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The calls that probes and doctor make to one Spark Connect server, over one connection that is opened at the first call
 * and kept. Every call blocks until its deadline at most and throws {@link StatusRuntimeException} for whatever the
 * server answers but a result. For {@code io.connectctl.health} and its packages only.
 */
public final class SparkConnectClient implements AutoCloseable {
    /**
     * One thread for the connections of all ladders: gRPC needs an event loop, and a daemon that watches many servers
     * must not pay for one each. The callers do the waiting.
     */
    private static final EventLoopGroup EVENT_LOOP = new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("connectctl-probe", true), NioIoHandler.newFactory());

    /** Answers to probes are a few hundred bytes; a foreign server must not fill our heap. */
    static final int MAX_ANSWER_BYTES = 64 * 1024;

    /** Spark puts a piece of its stack trace into the trailers of an error (spark.connect.jvmStacktrace.maxSize). */
    private static final int MAX_TRAILER_BYTES = 32 * 1024;

    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    /** Who asks, as the server's /connect page shows it where a session can't be avoided. */
    private static final String NAME = "connectctl";

    /**
     * Who is called, and as whom.
     *
     * @param address where to connect; it is resolved, or a name that the system's resolver is asked for
     * @param authority {@code host:port} as the caller names it
     * @param tls whether to speak TLS, with this JVM's trust
     * @param token bearer token, sent with each call
     * @param headers sent with each call too; their keys are checked: {@code [0-9A-Za-z_.-]}, none ends in {@code -bin}
     * @param name user agent and client type, as the server's /connect page shows it
     * @param user whose session it is
     * @param session the one session for the calls that need one
     */
    public record Peer(
            InetSocketAddress address,
            String authority,
            boolean tls,
            Optional<String> token,
            Map<String, String> headers,
            String name,
            String user,
            UUID session) {
        public Peer {
            headers = Map.copyOf(headers);
        }

        static Peer of(ProbeTarget target) {
            return new Peer(
                    new InetSocketAddress(target.host(), target.port()),
                    (target.host().contains(":") ? "[" + target.host() + "]" : target.host()) + ":" + target.port(),
                    false,
                    target.token(),
                    Map.of(),
                    NAME,
                    NAME,
                    target.sessionId());
        }

        /** Without the token and the headers, which may be credentials. */
        @Override
        public String toString() {
            return authority + (tls ? " (TLS)" : "") + (token.isPresent() ? " (token)" : "") + " as " + name;
        }
    }

    /** Rows of the tiny query: enough to be told from an empty answer. */
    static final int QUERY_ROWS = 2;

    private final Peer peer;
    private final UserContext user;
    private final Metadata headers = new Metadata();
    private @Nullable ManagedChannel channel;
    private boolean closed;

    SparkConnectClient(ProbeTarget target) {
        this(Peer.of(target));
    }

    /** Connects at the first call. */
    public SparkConnectClient(Peer peer) {
        this.peer = peer;
        this.user = UserContext.newBuilder().setUserId(peer.user()).build();
        peer.token().ifPresent(text -> headers.put(AUTHORIZATION, "Bearer " + text));
        peer.headers()
                .forEach((key, value) -> headers.put(
                        Metadata.Key.of(key.toLowerCase(Locale.ROOT), Metadata.ASCII_STRING_MARSHALLER), value));
    }

    /** grpc.health.v1 for the server as a whole. */
    public ServingStatus checkHealth(Deadline deadline) throws InterruptedException {
        return unary(
                        HealthGrpc.getCheckMethod(),
                        HealthCheckRequest.newBuilder().setService("").build(),
                        deadline)
                .getStatus();
    }

    /** Makes the call with an id that no session has. */
    public void call(TracelessCall call, Deadline deadline) throws InterruptedException {
        String nobody = UUID.randomUUID().toString();
        switch (call) {
            case RELEASE_SESSION ->
                unary(
                        SparkConnectServiceGrpc.getReleaseSessionMethod(),
                        ReleaseSessionRequest.newBuilder()
                                .setSessionId(nobody)
                                .setUserContext(user)
                                .setClientType(peer.name())
                                .build(),
                        deadline);
            case ARTIFACT_STATUS ->
                unary(
                        SparkConnectServiceGrpc.getArtifactStatusMethod(),
                        ArtifactStatusesRequest.newBuilder()
                                .setSessionId(nobody)
                                .setUserContext(user)
                                .setClientType(peer.name())
                                .build(),
                        deadline);
            case ADD_ARTIFACTS -> addNoArtifacts(deadline);
        }
    }

    /** Spark's version, such as {@code 4.0.1}, asked in the fixed session, which this creates. */
    public String sparkVersion(Deadline deadline) throws InterruptedException {
        return unary(
                        SparkConnectServiceGrpc.getAnalyzePlanMethod(),
                        analysis()
                                .setSparkVersion(AnalyzePlanRequest.SparkVersion.getDefaultInstance())
                                .build(),
                        deadline)
                .getSparkVersion()
                .getVersion();
    }

    /** Every plan of a query, from the parsed one to the physical one, in the fixed session; runs no job. */
    public String explain(String sql, Deadline deadline) throws InterruptedException {
        Plan plan = Plan.newBuilder()
                .setRoot(Relation.newBuilder().setSql(SQL.newBuilder().setQuery(sql)))
                .build();
        return unary(
                        SparkConnectServiceGrpc.getAnalyzePlanMethod(),
                        analysis()
                                .setExplain(AnalyzePlanRequest.Explain.newBuilder()
                                        .setPlan(plan)
                                        .setExplainMode(AnalyzePlanRequest.Explain.ExplainMode.EXPLAIN_MODE_EXTENDED))
                                .build(),
                        deadline)
                .getExplain()
                .getExplainString();
    }

    private AnalyzePlanRequest.Builder analysis() {
        return AnalyzePlanRequest.newBuilder()
                .setSessionId(peer.session().toString())
                .setUserContext(user)
                .setClientType(peer.name());
    }

    /** A property as the fixed session sees it; empty where it isn't set and has no default. */
    public Optional<String> property(String key, Deadline deadline) throws InterruptedException {
        ConfigResponse answer = unary(
                SparkConnectServiceGrpc.getConfigMethod(),
                ConfigRequest.newBuilder()
                        .setSessionId(peer.session().toString())
                        .setUserContext(user)
                        .setClientType(peer.name())
                        .setOperation(ConfigRequest.Operation.newBuilder()
                                .setGetOption(
                                        ConfigRequest.GetOption.newBuilder().addKeys(key)))
                        .build(),
                deadline);
        return answer.getPairsList().stream()
                .filter(KeyValue::hasValue)
                .map(KeyValue::getValue)
                .findFirst();
    }

    /**
     * Runs {@code spark.range(2)} as one task of one job in the instance's fixed session, which this creates, and reads
     * the answer to its end.
     *
     * @param shuffled with an exchange between two stages, as a cluster's executors must be able to do
     * @return the number of rows that came back, {@link #QUERY_ROWS} if all is well
     */
    long runTinyQuery(boolean shuffled, Deadline deadline) throws InterruptedException {
        Relation range = Relation.newBuilder()
                .setRange(Range.newBuilder()
                        .setStart(0)
                        .setEnd(QUERY_ROWS)
                        .setStep(1)
                        .setNumPartitions(shuffled ? 2 : 1))
                .build();
        Relation root = shuffled
                ? Relation.newBuilder()
                        .setRepartition(Repartition.newBuilder()
                                .setInput(range)
                                .setNumPartitions(2)
                                .setShuffle(true))
                        .build()
                : range;
        ExecutePlanRequest request = ExecutePlanRequest.newBuilder()
                .setSessionId(peer.session().toString())
                .setUserContext(user)
                .setClientType(peer.name())
                .setPlan(Plan.newBuilder().setRoot(root))
                .build();
        try {
            Iterator<ExecutePlanResponse> answers = ClientCalls.blockingServerStreamingCall(
                    channel(), SparkConnectServiceGrpc.getExecutePlanMethod(), options(deadline), request);
            long rows = 0;
            while (answers.hasNext()) {
                rows += answers.next().getArrowBatch().getRowCount();
            }
            return rows;
        } catch (StatusRuntimeException e) {
            throw unlessInterrupted(e);
        }
    }

    /**
     * Gives the instance's fixed session back, keeping its id usable. Only Spark 4.0 and later know this; elsewhere the
     * session ends by itself after an hour without calls.
     */
    public void releaseFixedSession(Deadline deadline) throws InterruptedException {
        unary(
                SparkConnectServiceGrpc.getReleaseSessionMethod(),
                ReleaseSessionRequest.newBuilder()
                        .setSessionId(peer.session().toString())
                        .setUserContext(user)
                        .setClientType(peer.name())
                        .setAllowReconnect(true)
                        .build(),
                deadline);
    }

    /** Ends every operation of somebody's session; the session is made where it doesn't exist. */
    void interrupt(String user, String session, Deadline deadline) throws InterruptedException {
        unary(
                SparkConnectServiceGrpc.getInterruptMethod(),
                InterruptRequest.newBuilder()
                        .setSessionId(session)
                        .setUserContext(UserContext.newBuilder().setUserId(user))
                        .setClientType(NAME)
                        .setInterruptType(InterruptRequest.InterruptType.INTERRUPT_TYPE_ALL)
                        .build(),
                deadline);
    }

    /** Drops the connection: the next call opens a new one instead of inheriting the back-off of this one. */
    synchronized void disconnect() {
        ManagedChannel open = channel;
        channel = null;
        if (open != null) {
            open.shutdownNow();
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        disconnect();
    }

    private synchronized Channel channel() {
        if (closed) {
            throw Status.CANCELLED.withDescription("the ladder was closed").asRuntimeException();
        }
        ManagedChannel open = channel;
        if (open == null) {
            // An address instead of a name: no name resolver, no service config from DNS, and no HTTPS_PROXY on the way
            // to a server of this machine.
            NettyChannelBuilder builder = NettyChannelBuilder.forAddress(peer.address())
                    .overrideAuthority(peer.authority())
                    .eventLoopGroup(EVENT_LOOP)
                    .channelType(NioSocketChannel.class, InetSocketAddress.class)
                    // A pooled allocator would keep megabytes for answers of a few bytes.
                    .withOption(ChannelOption.ALLOCATOR, new UnpooledByteBufAllocator(false))
                    .directExecutor()
                    .proxyDetector(address -> null)
                    .disableRetry()
                    .disableServiceConfigLookUp()
                    .maxInboundMessageSize(MAX_ANSWER_BYTES)
                    .maxInboundMetadataSize(MAX_TRAILER_BYTES)
                    .userAgent(peer.name());
            // A TLS handshake computes in the offload executor: in the event loop it would hold up every other
            // connection.
            open = (peer.tls()
                            ? builder.useTransportSecurity()
                            : builder.usePlaintext().offloadExecutor(Runnable::run))
                    .build();
            channel = open;
        }
        if (headers.keys().isEmpty()) {
            return open;
        }
        return ClientInterceptors.intercept(open, MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    private static CallOptions options(Deadline deadline) {
        return CallOptions.DEFAULT.withDeadline(deadline);
    }

    private <Q, A> A unary(io.grpc.MethodDescriptor<Q, A> method, Q request, Deadline deadline)
            throws InterruptedException {
        try {
            return ClientCalls.blockingUnaryCall(channel(), method, options(deadline), request);
        } catch (StatusRuntimeException e) {
            throw unlessInterrupted(e);
        }
    }

    private void addNoArtifacts(Deadline deadline) throws InterruptedException {
        CompletableFuture<AddArtifactsResponse> answer = new CompletableFuture<>();
        StreamObserver<AddArtifactsRequest> requests = ClientCalls.asyncClientStreamingCall(
                channel().newCall(SparkConnectServiceGrpc.getAddArtifactsMethod(), options(deadline)),
                new StreamObserver<>() {
                    @Override
                    public void onNext(AddArtifactsResponse response) {
                        answer.complete(response);
                    }

                    @Override
                    public void onError(Throwable failure) {
                        answer.completeExceptionally(failure);
                    }

                    @Override
                    public void onCompleted() {
                        answer.completeExceptionally(Status.INTERNAL
                                .withDescription("the stream ended without an answer")
                                .asRuntimeException());
                    }
                });
        requests.onCompleted();
        try {
            // The call's own deadline ends it; waiting a little longer only guards against a stuck event loop.
            answer.get(Math.max(0, deadline.timeRemaining(TimeUnit.MILLISECONDS)) + 500, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw Status.fromThrowable(e.getCause()).asRuntimeException();
        } catch (TimeoutException e) {
            throw Status.DEADLINE_EXCEEDED.withCause(e).asRuntimeException();
        }
    }

    /** gRPC turns an interrupt into CANCELLED and sets the flag again; here it is what Java calls it. */
    private static StatusRuntimeException unlessInterrupted(StatusRuntimeException failure)
            throws InterruptedException {
        if (Thread.interrupted()) {
            InterruptedException interrupted = new InterruptedException("interrupted while a probe waited");
            interrupted.initCause(failure);
            throw interrupted;
        }
        return failure;
    }
}
